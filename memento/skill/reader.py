"""Reading a SKILL.md: lenient, because real ones are odd, and never silent about it.

Only two things make a skill unusable (an `error`): frontmatter that cannot be read, and no
description. Everything else that the Agent Skills specification forbids is a `warning` with its
line and its fix, and the skill works. A skill's name is its folder's: that is what paths, branches
and tests are named after, whatever the frontmatter claims.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from memento.skill.frontmatter import Fields, Layout, Value, decode, line_of, read, split
from memento.skill.versions import is_version
from memento.types import Skill

NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
NAME_CHARACTERS = 64
DESCRIPTION_CHARACTERS = 1024
COMPATIBILITY_CHARACTERS = 500
SPECIFIED = ("name", "description", "license", "compatibility", "metadata", "allowed-tools")

_TOOL = re.compile(r"(?:[^\s,(]|\([^)]*\)?)+")


@dataclass(frozen=True, kw_only=True, slots=True)
class Diagnostic:
    """One thing that is wrong with a skill, where it is, and what to do about it."""

    severity: Literal["error", "warning"]
    code: str
    line: int
    """1-based; 1 when it concerns the whole file."""
    message: str
    fix: str
    file: str = "SKILL.md"


@dataclass(frozen=True, kw_only=True, slots=True)
class Parsed:
    """What reading gave: a skill, unless one of the diagnostics is an error."""

    skill: Skill | None
    diagnostics: tuple[Diagnostic, ...] = ()

    def problems(self) -> str:
        """The errors in one line; the warnings when there is no error."""
        errors = [d for d in self.diagnostics if d.severity == "error"] or list(self.diagnostics)
        return "; ".join(f"line {d.line}: {d.message} ({d.fix})" for d in errors)


def parse(data: bytes, *, folder: str) -> Parsed:
    """The skill that `data`, the SKILL.md of `folder`, states. Raises nothing, whatever the bytes."""
    layout = split(data)
    if layout is None:
        return Parsed(skill=None, diagnostics=(_unreadable(data),))
    text = decode(layout.yaml)
    front = read(text)
    fields = front.fields
    found = list(_oddities(data, layout))
    if front.problem:
        found.append(
            Diagnostic(
                severity="warning" if fields else "error",
                code="yaml",
                line=layout.first_line + front.problem_line - 1,
                message=f"the frontmatter is not valid YAML: {front.problem}",
                fix="put the value between double quotes",
            )
        )
    found += _field_problems(fields, text, layout, folder)
    description = _text(fields.get("description"))
    if not description:
        fix = "add `description:` with what the skill does and when to use it"
        found.append(
            Diagnostic(severity="error", code="no-description", line=1, message="no description", fix=fix)
        )
        return Parsed(skill=None, diagnostics=tuple(found))
    return Parsed(skill=_skill(fields, description, layout, folder), diagnostics=tuple(found))


def _skill(fields: Fields, description: str, layout: Layout, folder: str) -> Skill:
    metadata = _metadata(fields.get("metadata"))
    return Skill(
        name=folder or _text(fields.get("name")),
        description=description,
        body=body_text(layout.body),
        version=_version(metadata),
        license=_text(fields.get("license")) or None,
        compatibility=_text(fields.get("compatibility")) or None,
        allowed_tools=tools(fields.get("allowed-tools")),
        metadata=metadata,
    )


def body_text(body: bytes) -> str:
    """The Markdown below the frontmatter, LF line ends, without blank lines around it."""
    return decode(body).strip("\n")


def tools(value: Value | None) -> tuple[str, ...]:
    """allowed-tools as names; `Bash(git add *)` is one, however the list is separated."""
    if isinstance(value, list):
        return tuple(item.strip() for item in value if isinstance(item, str) and item.strip())
    return tuple(_TOOL.findall(value)) if isinstance(value, str) else ()


def _text(value: Value | None) -> str:
    if isinstance(value, list):
        return ", ".join(item for item in value if isinstance(item, str)).strip()
    return value.strip() if isinstance(value, str) else ""


def _metadata(value: Value | None) -> dict[str, str]:
    if not isinstance(value, dict):
        return {}
    return {key: item for key, item in value.items() if isinstance(item, str)}


def _version(metadata: dict[str, str]) -> str:
    for key in ("memento-version", "version"):
        if is_version(metadata.get(key, "")):
            return metadata[key]
    return "0.0.0"


def _unreadable(data: bytes) -> Diagnostic:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        message, fix = "the file is UTF-16", "save it as UTF-8"
    elif data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"---"):
        message, fix = "the frontmatter has no end", "add a line `---` after its last field"
    else:
        message, fix = "there is no frontmatter", "start the file with `---`, name, description, `---`"
    return Diagnostic(severity="error", code="no-frontmatter", line=1, message=message, fix=fix)


def _oddities(data: bytes, layout: Layout) -> Iterator[Diagnostic]:
    if data.startswith(b"\xef\xbb\xbf"):
        yield _warning("bom", 1, "a byte-order mark", "save as UTF-8 without one")
    if b"\r\n" in data:
        yield _warning("crlf", 1, "Windows line ends", "convert to LF")
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        yield _warning("not-utf8", line, "bytes that are not UTF-8", "save as UTF-8")
    if not layout.body.strip():
        line = layout.first_line + layout.yaml.count(b"\n")
        yield _warning("no-body", line, "no instructions below the frontmatter", "write them")


def _field_problems(fields: Fields, text: str, layout: Layout, folder: str) -> Iterator[Diagnostic]:
    def warn(key: str, code: str, message: str, fix: str) -> Diagnostic:
        return _warning(code, layout.first_line + line_of(text, key) - 1, message, fix)

    for key in fields:
        if key not in SPECIFIED:
            yield warn(str(key), "unknown-field", f"`{key}` is not a specified field", "put it in metadata")
    name = _text(fields.get("name"))
    if name != folder:
        yield warn("name", "name", f"the name is {name!r}, the folder {folder!r}", f"name: {folder}")
    if not NAME.fullmatch(folder) or len(folder) > NAME_CHARACTERS:
        fix = f"rename it: a-z, 0-9 and single hyphens, at most {NAME_CHARACTERS} characters"
        yield warn("name", "folder-name", f"{folder!r} is no valid skill name", fix)
    for key, most in (("description", DESCRIPTION_CHARACTERS), ("compatibility", COMPATIBILITY_CHARACTERS)):
        size = len(_text(fields.get(key)))
        if size > most:
            yield warn(key, f"long-{key}", f"the {key} has {size} characters", f"at most {most}")
    allowed = fields.get("allowed-tools")
    if allowed is not None and allowed != " ".join(tools(allowed)):
        message = "allowed-tools is not a space-separated string"
        yield warn("allowed-tools", "allowed-tools", message, "separate the tools by spaces")
    metadata = fields.get("metadata", {})
    if not isinstance(metadata, dict) or any(not isinstance(item, str) for item in metadata.values()):
        message = "metadata is not a mapping of strings to strings"
        yield warn("metadata", "metadata", message, "flatten it, one `key: text` per line")


def _warning(code: str, line: int, message: str, fix: str) -> Diagnostic:
    return Diagnostic(severity="warning", code=code, line=line, message=message, fix=fix)
