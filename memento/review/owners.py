"""CODEOWNERS: who is to be asked about a path. Read as GitHub reads it.

places     .github/CODEOWNERS, CODEOWNERS, docs/CODEOWNERS; the first that exists counts alone
lines      a pattern, then its owners; the last line that fits a path counts, and it may name nobody
patterns   those of .gitignore without `!`, `[ ]` and `\\#`; a name without a slash fits at any depth,
           a folder fits all that is in it, `*` stays within a name and `**` does not
"""

import re
from collections.abc import Iterable
from functools import lru_cache

PLACES = (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS")


def owners_of(text: str, paths: Iterable[str]) -> tuple[str, ...]:
    """The owners of these paths, each once, in the order in which they are found."""
    rules = [parts for line in text.splitlines() if (parts := line.partition("#")[0].split())]
    found: dict[str, None] = {}
    for path in paths:
        for pattern, *owners in reversed(rules):
            if _regex(pattern).fullmatch(path):
                found |= dict.fromkeys(owners)
                break
    return tuple(found)


@lru_cache(maxsize=1024)
def _regex(pattern: str) -> re.Pattern[str]:
    anchored = "/" in pattern.rstrip("/")
    parts = [_part(part) for part in re.split(r"(\*\*/?|\*|\?)", pattern.strip("/"))]
    start = "" if anchored else "(?:.*/)?"
    # `docs/*` names the files in docs, not those in its folders; everything else may be a folder.
    inside = "" if anchored and pattern.endswith("/*") else ("/.*" if pattern.endswith("/") else "(?:/.*)?")
    return re.compile(f"{start}{''.join(parts)}{inside}", re.DOTALL)


def _part(part: str) -> str:
    wild = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return wild.get(part, re.escape(part))
