"""Where each page is: relative paths, the same in a folder and on a server.

    index.html  proposals.html  progress.html
    skills/<name>.html  proposals/<id>.html  episodes/<id>.html

An id may be anything that git lets stand in a branch, or that a trailer says: one that is no plain word
is named by its digest, so that no page lands beside its folder.
"""

import hashlib
import re

_PLAIN = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
INDEX, PROPOSALS, PROGRESS = "index.html", "proposals.html", "progress.html"


def skill_page(name: str) -> str:
    return f"skills/{_word(name)}.html"


def proposal_page(id: str) -> str:  # noqa: A002
    return f"proposals/{_word(id)}.html"


def episode_page(id: str) -> str:  # noqa: A002
    return f"episodes/{_word(id)}.html"


def _word(text: str) -> str:
    if _PLAIN.fullmatch(text):
        return text
    # Capitals too: on some file systems A.html is a.html.
    return "_" + hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:24]
