"""Turn HTML into readable Markdown, or list its links."""

import argparse
import re
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urljoin

SKIPPED = frozenset({"script", "style", "noscript", "template", "svg", "nav", "iframe", "head"})
VOID_TAGS = "area base br col embed hr img input link meta source track wbr"
VOID = frozenset(VOID_TAGS.split())
BLOCK_TAGS = "p div section article main header footer aside ul ol table blockquote figure dl dt dd tr form"
BLOCKS = frozenset(BLOCK_TAGS.split())
HEADING = re.compile(r"h([1-6])$")


class Reader(HTMLParser):
    """Collects Markdown in `out` and (address, text) in `links`."""

    def __init__(self, base: str) -> None:
        super().__init__(convert_charrefs=True)
        self.base = base
        self.out: list[str] = []
        self.links: list[tuple[str, str]] = []
        self.hidden: list[str] = []
        self.href: str | None = None
        self.anchor: list[str] = []
        self.verbatim = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        invisible = "hidden" in given or given.get("aria-hidden") == "true"
        if tag not in VOID and (self.hidden or tag in SKIPPED or invisible):
            self.hidden.append(tag)
            return
        if self.hidden:
            return
        if match := HEADING.match(tag):
            self.out.append("\n\n" + "#" * int(match[1]) + " ")
        elif tag == "li":
            self.out.append("\n- ")
        elif tag == "pre":
            self.verbatim = True
            self.out.append("\n\n```\n")
        elif tag in {"br", "hr"}:
            self.out.append("\n")
        elif tag in {"td", "th"}:
            self.out.append(" | ")
        elif tag in BLOCKS:
            self.out.append("\n" if tag == "tr" else "\n\n")
        elif tag == "a" and given.get("href"):
            self.href, self.anchor = urljoin(self.base, given["href"] or ""), []

    def handle_endtag(self, tag: str) -> None:
        if self.hidden:
            # Unclosed <p> or <li> inside a hidden part must not keep it open for ever.
            if tag in self.hidden:
                while self.hidden.pop() != tag:
                    pass
            return
        if tag == "a" and self.href is not None:
            self.end_link()
        elif tag == "pre":
            self.verbatim = False
            self.out.append("\n```\n\n")
        elif HEADING.match(tag) or tag in BLOCKS - {"tr"}:
            self.out.append("\n\n")

    def handle_data(self, data: str) -> None:
        if self.hidden:
            return
        text = data if self.verbatim else re.sub(r"\s+", " ", data)
        (self.out if self.href is None else self.anchor).append(text)

    def end_link(self) -> None:
        """Write the link that is open, also when its end tag is missing."""
        if self.href is None:
            return
        text, href = "".join(self.anchor).strip(), self.href
        self.href = None
        web = href.startswith(("http://", "https://"))
        if web and (href, text) not in self.links:
            self.links.append((href, text))
        self.out.append(f"[{text}]({href})" if web and text else text)


def tidy(text: str) -> str:
    """No trailing blanks, no runs of empty lines; code blocks stay as they are."""
    parts = text.split("```")
    for i in range(0, len(parts), 2):
        lines = [re.sub(r"^ ?\| ", "", line.strip()) for line in parts[i].split("\n")]
        parts[i] = re.sub(r"\n{3,}", "\n\n", "\n".join(lines))
    return "```".join(parts).strip()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", help="HTML file, or - for standard input")
    parser.add_argument("--base", default="", help="address of the page, for relative links")
    parser.add_argument("--links", action="store_true", help="print address<TAB>text per link instead")
    arguments = parser.parse_args()
    try:
        data = sys.stdin.buffer.read() if arguments.file == "-" else Path(arguments.file).read_bytes()
    except OSError as error:
        print(f"extract.py: {error}", file=sys.stderr)
        return 2
    reader = Reader(arguments.base)
    reader.feed(data.decode("utf-8", "replace"))
    reader.close()
    reader.end_link()
    if arguments.links:
        print("\n".join(f"{href}\t{text}" for href, text in reader.links))
    else:
        print(tidy("".join(reader.out)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
