"""What is taken of a skill that comes from elsewhere, and in what form.

taken      SKILL.md, scripts/, references/, assets/, LICENSE*
left out   everything else; and inside those: tests, hooks, dot-files, caches, what is not text, what
           is too large. A test from elsewhere would be code that decides about our landings.
form       the specification's: the name is the folder's, allowed-tools are separated by spaces,
           metadata is text to text. Everything that is not understood stays byte for byte.
"""

import json
import posixpath
import re

import yaml

from memento.skill.checks import FILE_BYTES
from memento.skill.frontmatter import Value, decode, read, split
from memento.skill.reader import NAME, NAME_CHARACTERS, tools
from memento.skill.writer import edit
from memento.types import FileName

_TAKEN = re.compile(r"(?:SKILL\.md|LICEN[CS]E[^/]*|(?:scripts|references|assets)/.+)\Z", re.DOTALL)
_TEST = re.compile(r"(?:tests?|__tests__|specs?)\Z|test_.*\.py\Z|.*_test\.py\Z|.*\.(?:test|spec)\.[jt]sx?\Z")
_MACHINERY = re.compile(
    r"(?:hooks?|node_modules|__pycache__)\Z|(?:conftest|sitecustomize|usercustomize)\.py\Z"
)


def left_out(path: FileName) -> str | None:
    """Why the file at `path` of a skill's folder is not taken; None when it is."""
    parts = path.split("/")
    if any(part.startswith(".") for part in parts):
        return "a dot-file"
    if any(_TEST.match(part.casefold()) for part in parts):
        return "a test"
    if any(_MACHINERY.match(part.casefold()) for part in parts):
        return "a hook or a cache"
    if not _TAKEN.match(path) or posixpath.normpath(path) != path:
        return "not SKILL.md, scripts/, references/, assets/ or LICENSE"
    return None


def unfit(data: bytes) -> str | None:
    """Why a file's content is not taken; None when it is."""
    if len(data) > FILE_BYTES:
        return f"over {FILE_BYTES // 1024} KB"
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return "not UTF-8 text"
    return "not text" if "\0" in text else None


def skill_name(folder: str, document: bytes) -> str:
    """A valid name: the folder's, else the frontmatter's, else the folder's with what is wrong replaced."""
    layout = split(document)
    said = read(decode(layout.yaml)).fields.get("name") if layout else None
    for name in (folder, said):
        if isinstance(name, str) and NAME.fullmatch(name) and len(name) <= NAME_CHARACTERS:
            return name
    slug = re.sub(r"[^a-z0-9]+", "-", folder.casefold()).strip("-")
    return slug[:NAME_CHARACTERS].strip("-") or "skill"


def conformed(document: bytes, *, name: str) -> bytes:
    """The SKILL.md in the specification's form. SkillError when it has no frontmatter to work on."""
    layout = split(document)
    front = read(decode(layout.yaml)) if layout else None
    fields = front.fields if front else {}
    allowed = tools(fields.get("allowed-tools")) or None
    # A parent is an object of the library it came from: it means nothing here.
    named = edit(document, name=name, allowed_tools=allowed, metadata={"memento-parent": None})
    layout = split(named)
    return _flattened(named, read(decode(layout.yaml)).fields.get("metadata") if layout else None)


def without_version(document: bytes) -> bytes:
    """The document without what a landing writes into it, to compare what two of them say."""
    if split(document) is None:
        return document
    return edit(document, metadata={"memento-version": None, "memento-parent": None})


def _flattened(document: bytes, metadata: Value | None) -> bytes:
    if metadata is None or (
        isinstance(metadata, dict) and all(isinstance(v, str) for v in metadata.values())
    ):
        return document
    old = metadata if isinstance(metadata, dict) else {"original": metadata}
    layout = split(document)
    assert layout is not None, "a document that was edited has frontmatter"
    flat = {key: value if isinstance(value, str) else _as_text(value) for key, value in old.items()}
    fields = {**read(decode(layout.yaml)).fields, "metadata": flat}
    # The whole frontmatter is written anew: flow and nested forms cannot be mended in place.
    text = yaml.safe_dump(fields, allow_unicode=True, sort_keys=False, width=10**6)
    return layout.head + str(text).encode().replace(b"\n", layout.newline) + layout.close + layout.body


def _as_text(value: Value) -> str:
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return ", ".join(item for item in value if isinstance(item, str))
    return json.dumps(value, ensure_ascii=False)
