"""Untrusted Markdown as HTML, block by block, each with the lines it stands on.

HTML in it is text. Headings step down two levels, below those of the page. An image is its description;
a link leads out only by http or https, says where, and tells the other side nothing; any other is text.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup, escape

from memento.review.pages.text import clipped, shown

MOST_CHARACTERS = 200_000
"""A longer text is shown as it is written."""
_TELL_NOTHING = "noopener noreferrer nofollow"


@dataclass(frozen=True, kw_only=True, slots=True)
class Block:
    """One block and its lines [first_line, last_line], counted from 1."""

    first_line: int
    last_line: int
    html: Markup


def blocks(text: str) -> tuple[Block, ...]:
    """The blocks of a document, in order."""
    if len(text) > MOST_CHARACTERS:
        source = escape(shown(clipped(text, lines=2_000)))
        return (
            Block(first_line=1, last_line=text.count("\n") + 1, html=Markup("<pre>{}</pre>").format(source)),
        )
    environment: dict[str, Any] = {}
    parser = _parser()
    found, start = [], 0
    tokens = parser.parse(text, environment)
    for end, token in enumerate(tokens, 1):
        if token.level == 0 and token.nesting != 1:
            found.append(_block(parser, tokens[start:end], environment))
            start = end
    return tuple(found)


def _block(parser: MarkdownIt, tokens: Sequence[Token], environment: dict[str, Any]) -> Block:
    first, end = tokens[0].map or (0, 1)
    for token in tokens:
        _tame(token)
    # After rendering: an entity (&#x202e;) has become its character only now.
    html = shown(parser.renderer.render(tokens, parser.options, environment))
    return Block(first_line=first + 1, last_line=max(end, first + 1), html=Markup(html))  # noqa: S704 (escaped)


@cache
def _parser() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])


def _tame(token: Token) -> None:
    """Take from a token what reaches out of the page, and what the page needs otherwise."""
    if token.type in ("heading_open", "heading_close"):
        token.tag = f"h{min(6, int(token.tag[1]) + 2)}"
    elif token.type in ("fence", "code_block"):
        token.type, token.content = "code_block", clipped(token.content.rstrip()) + "\n"
    if token.type in ("code_block", "table_open"):
        token.attrSet("tabindex", "0")  # it may scroll, by the keyboard too
    if token.children:
        token.children = list(_tamed(token.children))


def _tamed(tokens: Sequence[Token]) -> Iterator[Token]:
    opened: list[tuple[str, str]] = []
    for token in tokens:
        if token.type == "image":
            yield _text(f"[image: {token.content or 'without description'}, {token.attrGet('src')}]")
        elif token.type == "link_open":
            target = str(token.attrGet("href") or "")
            host = _host(target)
            token.tag = "a" if host else "span"
            opened.append((token.tag, host or target))
            token.attrs = {"href": target, "rel": _TELL_NOTHING} if host else {"class": "unlinked"}
            yield token
        elif token.type == "link_close":
            token.tag, place = opened.pop()
            yield token
            yield _text(f" ({place})")
        else:
            yield token


def _text(content: str) -> Token:
    return Token(type="text", tag="", nesting=0, content=content)


def _host(target: str) -> str | None:
    """The host that a link leads to, when it leads to a page on the web."""
    try:
        parts = urlsplit(target)
        # Without what stands before an @: it may look like a host that it is not.
        return parts.hostname if parts.scheme in ("http", "https") else None
    except ValueError:
        return None
