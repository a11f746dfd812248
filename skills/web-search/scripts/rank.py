"""Merge search results that are the same page and sort them by how much of the query they cover."""

import argparse
import json
import re
import sys
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

TRACKING = re.compile(r"^(utm_\w+|gclid|fbclid|msclkid|mc_[ce]id|ref|ref_src|igshid)$")
SMALL = "a an and are at by did do does for from how in is it of on or the to was what when"
SMALL_WORDS = frozenset(SMALL.split())


def page_key(url: str) -> str:
    """What two addresses of the same page share."""
    parts = urlsplit(url.strip())
    host = (parts.hostname or "").removeprefix("www.")
    kept = sorted((k, v) for k, v in parse_qsl(parts.query) if not TRACKING.match(k.lower()))
    query = f"?{urlencode(kept)}" if kept else ""
    return f"{host}{parts.path.rstrip('/')}{query}"


def words(text: str) -> list[str]:
    """Lower-case words without the small ones, in order, each once."""
    return [w for w in dict.fromkeys(re.findall(r"\w+", text.lower())) if w not in SMALL_WORDS]


def read(source: str) -> list[dict[str, Any]]:
    """The result objects of a file, or of standard input for "-". ValueError when they are none."""
    text = sys.stdin.read() if source == "-" else Path(source).read_text("utf-8")
    data = json.loads(text)
    if isinstance(data, dict):
        data = data.get("results")
    if not isinstance(data, list):
        raise ValueError("expected a JSON list of results, or an object with a `results` list")
    return [item for item in data if isinstance(item, dict) and item.get("url")]


def rank(results: list[dict[str, Any]], query: str) -> list[dict[str, Any]]:
    """One entry per page, best covered first; ties keep the search engine's order."""
    wanted = words(query)
    pages: dict[str, dict[str, Any]] = {}
    for item in results:
        snippet = item.get("snippet") or item.get("content") or ""
        fresh = {"title": item.get("title") or "", "url": item["url"], "snippet": snippet}
        page = pages.setdefault(page_key(item["url"]), fresh)
        page["snippet"] = max(page["snippet"], snippet, key=len)
    for page in pages.values():
        held = set(re.findall(r"\w+", " ".join((page["title"], page["snippet"], page["url"])).lower()))
        page["missing"] = [word for word in wanted if word not in held]
        page["coverage"] = round(1 - len(page["missing"]) / len(wanted), 2) if wanted else 0.0
    return sorted(pages.values(), key=lambda page: -page["coverage"])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", help="JSON file with results, or - for standard input")
    parser.add_argument("--query", required=True)
    parser.add_argument("--limit", type=int, default=10)
    arguments = parser.parse_args()
    try:
        ranked = rank(read(arguments.file), arguments.query)
    except (OSError, ValueError) as error:
        print(f"rank.py: {error}", file=sys.stderr)
        return 2
    print(json.dumps(ranked[: max(0, arguments.limit)], indent=2, ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())
