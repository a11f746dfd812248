"""HTML as the text a reader sees, with the standard library's parser: no scripts, no styles, links kept."""

import re
from html.parser import HTMLParser

SILENT = frozenset({"script", "style", "noscript", "template", "svg", "iframe", "object", "select"})
BLOCKS = frozenset(
    {"address", "article", "aside", "blockquote", "br", "dd", "div", "dl", "dt", "figure", "footer", "form"}
    | {"h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "main", "nav", "ol", "p", "pre", "section"}
    | {"table", "title", "tr", "ul"}
)


def html_text(html: str) -> str:
    """The visible text, block elements on lines of their own, links as `text (address)`."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    lines = (re.sub(r"[ \t\f\v\xa0]+", " ", line).strip() for line in "".join(reader.parts).split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._silent: list[str] = []
        self._link: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in SILENT:
            self._silent.append(tag)
        elif not self._silent:
            self._open(tag, dict(attrs))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        # <script/> opens nothing here: a page must not be able to silence its own rest by accident.
        if tag not in SILENT and not self._silent:
            self._open(tag, dict(attrs))

    def handle_endtag(self, tag: str) -> None:
        if tag in self._silent:
            del self._silent[self._silent.index(tag) :]
        elif not self._silent:
            self._close(tag)

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.parts.append(data)

    def _open(self, tag: str, attributes: dict[str, str | None]) -> None:
        if tag in BLOCKS:
            self.parts.append("\n")
        if tag == "li":
            self.parts.append("- ")
        elif tag in {"td", "th"}:
            self.parts.append(" | ")
        elif tag == "a":
            address = (attributes.get("href") or "").strip()
            self._link = address if address.startswith(("http://", "https://")) else None

    def _close(self, tag: str) -> None:
        if tag == "a" and self._link:
            self.parts.append(f" ({self._link})")
            self._link = None
        if tag in BLOCKS:
            self.parts.append("\n")
