"""Writing a SKILL.md: strict in what it adds, and it touches nothing else.

- An edit changes the bytes of the values it is asked to change; every other byte stays, unknown
  fields, comments and line ends included. Asking for what is already there changes no byte.
- What is written satisfies the Agent Skills specification, or SkillError says why it cannot.
- Frontmatter that only the lenient reader understands is written anew when a field changes:
  its values stay, its form becomes valid YAML.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import yaml

from memento.errors import SkillError
from memento.skill.frontmatter import Fields, Layout, Value, decode, read, split
from memento.skill.reader import (
    COMPATIBILITY_CHARACTERS,
    DESCRIPTION_CHARACTERS,
    NAME,
    NAME_CHARACTERS,
    body_text,
)
from memento.skill.versions import FIRST, is_version

NO_METADATA: Mapping[str, str] = {}


def new(
    *,
    name: str,
    description: str,
    body: str,
    version: str = FIRST,
    license: str | None = None,  # noqa: A002  the field is called so
    compatibility: str | None = None,
    allowed_tools: tuple[str, ...] = (),
    metadata: Mapping[str, str] = NO_METADATA,
) -> bytes:
    """A fresh SKILL.md. SkillError when a value breaks the specification."""
    if not is_version(version):
        raise SkillError(f"{version!r} is no version. Write MAJOR.MINOR.PATCH.")
    fields: dict[str, str | None] = {
        "name": name,
        "description": description,
        "license": license,
        "compatibility": compatibility,
        "allowed-tools": " ".join(allowed_tools) or None,
    }
    lines = [f"{key}: {_scalar(key, value)}\n" for key, value in fields.items() if value is not None]
    lines.append("metadata:\n")
    ours = {**metadata, "memento-version": version}
    lines += [f"  {_scalar('key', key)}: {_scalar(key, value)}\n" for key, value in ours.items()]
    return f"---\n{''.join(lines)}---\n\n{body.strip(chr(10))}\n".encode()


def edit(
    source: bytes,
    *,
    name: str | None = None,
    description: str | None = None,
    license: str | None = None,  # noqa: A002  the field is called so
    compatibility: str | None = None,
    allowed_tools: tuple[str, ...] | None = None,
    body: str | None = None,
    metadata: Mapping[str, str | None] = NO_METADATA,
) -> bytes:
    """`source` with these values; None leaves a value alone, a metadata key of None is removed.

    SkillError when `source` has no frontmatter or a value breaks the specification.
    """
    layout = split(source)
    if layout is None:
        raise SkillError("There is no frontmatter to edit. Start the file with `---`, name, description.")
    wanted = {
        "name": name,
        "description": description,
        "license": license,
        "compatibility": compatibility,
        "allowed-tools": None if allowed_tools is None else " ".join(allowed_tools),
    }
    matter = layout.yaml.decode("utf-8", "surrogateescape")
    front = read(decode(layout.yaml))
    changes = {key: value for key, value in wanted.items() if value not in (None, front.fields.get(key))}
    tags = _changed_metadata(front.fields.get("metadata"), metadata)
    if (changes or tags) and front.problem:
        matter = _dump(front.fields)
    newline = layout.newline.decode()
    for key, value in changes.items():
        matter = _set(matter, key, _scalar(key, value or ""), newline)
    if tags:
        matter = _set_metadata(matter, tags, newline)
    below = layout.body if body is None else _body(layout, body)
    return layout.head + matter.encode("utf-8", "surrogateescape") + layout.close + below


def _changed_metadata(value: Value | None, wanted: Mapping[str, str | None]) -> dict[str, str | None]:
    now = value if isinstance(value, dict) else {}
    return {key: text for key, text in wanted.items() if text != now.get(key)}


def _body(layout: Layout, body: str) -> bytes:
    if body_text(layout.body) == body.strip("\n"):
        return layout.body
    old = layout.body
    lead = old[: len(old) - len(old.lstrip(b"\r\n"))] or layout.newline
    tail = old[len(old.rstrip(b"\r\n")) :] if old.strip(b"\r\n") else b""
    close = b"" if layout.close.endswith(b"\n") else layout.newline
    text = body.strip("\n").replace("\r\n", "\n").encode().replace(b"\n", layout.newline)
    return close + lead + text + (tail or layout.newline)


# ---------------------------------------------------------------- one value in the YAML text


@dataclass(frozen=True, kw_only=True, slots=True)
class _Span:
    """Where an entry `key: value` lies in the text: [start, value) is the key, [value, end) the value."""

    start: int
    value: int
    end: int
    node: yaml.Node


def _entries(matter: str) -> dict[str, _Span]:
    # The pure Python loader: its marks count characters of this very text.
    root = yaml.compose(matter, Loader=yaml.BaseLoader)
    return _spans(root, matter) if isinstance(root, yaml.MappingNode) else {}


def _spans(mapping: yaml.MappingNode, matter: str) -> dict[str, _Span]:
    spans = {}
    for key, value in mapping.value:
        # A value's mark may lie after its blank lines (block scalars) or on the next key (empty ones).
        end = max(key.end_mark.index, value.start_mark.index, value.end_mark.index)
        end = max(len(matter[:end].rstrip()), key.end_mark.index + 1)
        spans[key.value] = _Span(
            start=key.start_mark.index,
            value=key.end_mark.index + matter[key.end_mark.index :].index(":") + 1,
            end=end,
            node=value,
        )
    return spans


def _set(matter: str, key: str, scalar: str, newline: str) -> str:
    span = _entries(matter).get(key)
    if span is None:
        return _terminated(matter, newline) + f"{key}: {scalar}{newline}"
    return f"{matter[: span.value]} {scalar}{matter[span.end :]}"


def _set_metadata(matter: str, tags: Mapping[str, str | None], newline: str) -> str:
    span = _entries(matter).get("metadata")
    if span is None:
        block = _block({}, tags, newline)
        return _terminated(matter, newline) + f"metadata:{block}{newline}" if block else matter
    node = span.node
    if not isinstance(node, yaml.MappingNode) or node.flow_style:
        value = read(decode(matter.encode("utf-8", "surrogateescape"))).fields["metadata"]
        old = value if isinstance(value, dict) else {"original": value} if value else {}
        return matter[: span.value] + _block(old, tags, newline) + matter[span.end :]
    for key, text in tags.items():
        matter = _set_tag(matter, key, text, newline)
    return matter


def _set_tag(matter: str, key: str, text: str | None, newline: str) -> str:
    """One key of a block mapping `metadata`."""
    outer = _entries(matter)["metadata"]
    if not isinstance(outer.node, yaml.MappingNode) or not outer.node.value:
        return _set_metadata(matter, {key: text}, newline)
    spans = _spans(outer.node, matter)
    if key in spans and text is not None:
        return f"{matter[: spans[key].value]} {_scalar(key, text)}{matter[spans[key].end :]}"
    if key in spans and len(spans) == 1:
        return matter[: outer.value] + " {}" + matter[spans[key].end :]
    if key in spans:
        after = matter.find("\n", spans[key].end) + 1 or len(matter)
        return matter[: matter.rfind("\n", 0, spans[key].start) + 1] + matter[after:]
    if text is None:
        return matter
    last = max(spans.values(), key=lambda span: span.start)
    margin = " " * outer.node.value[0][0].start_mark.column
    line_end = matter.find("\n", last.end)
    at = (line_end if line_end >= 0 else len(matter)) - (1 if matter[line_end - 1 : line_end] == "\r" else 0)
    return f"{matter[:at]}{newline}{margin}{key}: {_scalar(key, text)}{matter[at:]}"


def _block(old: Mapping[str, Value], tags: Mapping[str, str | None], newline: str) -> str:
    merged = {key: value for key, value in {**old, **tags}.items() if value is not None}
    if not merged:
        return " {}" if old else ""
    return "".join(f"{newline}  {line}" for line in _dump(merged).splitlines())


def _terminated(matter: str, newline: str) -> str:
    return matter if not matter or matter.endswith("\n") else matter + newline


# ---------------------------------------------------------------- values as YAML


def _dump(fields: Fields) -> str:
    return str(yaml.safe_dump(dict(fields), allow_unicode=True, sort_keys=False, width=10**6))


def _scalar(key: str, text: str) -> str:
    """`text` on one line, plain where every YAML reader agrees that it is this string."""
    _validate(key, text)
    if text and "\n" not in text and ": " not in text and " #" not in text and _plain(text):
        return text
    quoted = yaml.safe_dump(text, default_style='"', allow_unicode=True, width=10**9)
    return str(quoted).strip()


def _plain(text: str) -> bool:
    try:
        return bool(yaml.safe_load(f"key: {text}\n") == {"key": text})
    except (yaml.YAMLError, ValueError):
        return False


def _validate(key: str, text: str) -> None:
    if key == "name" and (not NAME.fullmatch(text) or len(text) > NAME_CHARACTERS):
        raise SkillError(
            f"{text!r} is no skill name. Use a-z, 0-9 and single hyphens, at most 64 characters."
        )
    if key == "description" and not 1 <= len(text.strip()) <= len(text) <= DESCRIPTION_CHARACTERS:
        raise SkillError(f"A description has 1 to 1024 characters, this one {len(text)}. Shorten it.")
    if key == "compatibility" and not 1 <= len(text) <= COMPATIBILITY_CHARACTERS:
        raise SkillError(f"`compatibility` has 1 to 500 characters, this one {len(text)}. Shorten it.")
    if key == "memento-version" and not is_version(text):
        raise SkillError(f"{text!r} is no version. Write MAJOR.MINOR.PATCH.")
