"""Strict checks of a whole skill folder: what a reviewer should not have to look for. Nothing is executed.

error     it breaks the specification or the skill itself: a dead link, a script that does not
          parse, a file that is not text, too many or too large files
warning   it works but could be better: over 500 lines, fields of other tools, deep links
"""

import posixpath
import re
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import unquote

from memento.skill.python import parsed
from memento.skill.reader import Diagnostic, parse
from memento.types import Folder

BODY_LINES = 500
MOST_FILES = 200
FILE_BYTES = 512 * 1024
FOLDER_BYTES = 5 * 1024 * 1024

DOCUMENT = "SKILL.md"
_STRICT = {"name", "folder-name", "long-description", "long-compatibility", "metadata", "not-utf8", "yaml"}
_LINK = re.compile(r"!?\[[^\]\n]{0,500}\]\(\s*<?([^)\s>]+)")
_MENTION = re.compile(r"(?<![\w./-])((?:scripts|references|assets)/[\w./-]*\.\w+)")
_FENCED = re.compile(r"^(```|~~~).*?^\1[^\n]*$", re.MULTILINE | re.DOTALL)
_INLINE_CODE = re.compile(r"`[^`\n]*`")
_SCHEME = re.compile(r"[a-zA-Z][\w+.-]*:|//|#")


def check(folder: Folder, *, name: str) -> tuple[Diagnostic, ...]:
    """What is wrong with the skill `name` whose files are `folder`, errors and warnings in file order."""
    found = [*_sizes(folder)]
    if DOCUMENT not in folder:
        message = f"the skill has no {DOCUMENT}"
        return (*found, _error("no-skill-md", 1, message, f"write {DOCUMENT}"))
    document = folder[DOCUMENT].data
    parsed = parse(document, folder=name)
    found += (replace(d, severity="error") if d.code in _STRICT else d for d in parsed.diagnostics)
    if parsed.skill is not None:
        found += _body(document, parsed.skill.body, folder)
    for path, file in sorted(folder.items()):
        if path != DOCUMENT:
            found += _file(path, file.data)
    return tuple(found)


def _body(document: bytes, body: str, folder: Folder) -> Iterator[Diagnostic]:
    text = document.decode("utf-8", "replace")
    lines = body.count("\n") + 1
    if lines > BODY_LINES:
        message = f"the body has {lines} lines"
        fix = f"keep it under {BODY_LINES}: move detail to references/"
        yield Diagnostic(severity="warning", code="long-body", line=1, message=message, fix=fix)
    for target, line in _links(text):
        yield from _link(target, line, folder)
    said = {posixpath.normpath(target) for target, _ in _links(text)}
    for match in _MENTION.finditer(text):
        path = posixpath.normpath(match[1])
        if path not in folder and path not in said:
            said.add(path)
            line = text.count("\n", 0, match.start()) + 1
            fix = "add the file or correct its name"
            yield _error("missing-file", line, f"{match[1]} is mentioned and does not exist", fix)


def _links(text: str) -> Iterator[tuple[str, int]]:
    # Blanked, not removed: line numbers must stay true.
    blank = _FENCED.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)
    blank = _INLINE_CODE.sub(lambda match: " " * len(match[0]), blank)
    for match in _LINK.finditer(blank):
        if not _SCHEME.match(match[1]):
            yield match[1], text.count("\n", 0, match.start()) + 1


def _link(target: str, line: int, folder: Folder) -> Iterator[Diagnostic]:
    path = posixpath.normpath(unquote(re.split(r"[?#]", target, maxsplit=1)[0]))
    if path.startswith(("/", "..")):
        yield _error("link-outside", line, f"{target} leads out of the skill", "link to a file of the skill")
    elif path not in folder and not any(name.startswith(f"{path}/") for name in folder):
        yield _error("dead-link", line, f"{target} does not exist", "add the file or correct the link")
    elif path.count("/") > 1:
        message = f"{target} is more than one folder deep"
        fix = "keep linked files at most one folder below SKILL.md"
        yield Diagnostic(severity="warning", code="deep-link", line=line, message=message, fix=fix)


def _file(path: str, data: bytes) -> Iterator[Diagnostic]:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        yield _error("not-text", line, "the file is not UTF-8 text", "keep binaries out of skills", path)
        return
    if "\0" in text:
        yield _error("not-text", 1, "the file contains NUL bytes", "keep binaries out of skills", path)
    elif path.endswith(".py") and len(data) <= FILE_BYTES:
        yield from _python(path, data)


def _python(path: str, data: bytes) -> Iterator[Diagnostic]:
    try:
        parsed(data)
    except SyntaxError as error:
        yield _error("syntax", error.lineno or 1, f"the script does not parse: {error.msg}", "mend it", path)


def _sizes(folder: Folder) -> Iterator[Diagnostic]:
    if len(folder) > MOST_FILES:
        yield _error("many-files", 1, f"the skill has {len(folder)} files", f"keep at most {MOST_FILES}")
    total = sum(len(file.data) for file in folder.values())
    if total > FOLDER_BYTES:
        yield _error("large-folder", 1, f"the skill has {total} bytes", f"keep at most {FOLDER_BYTES}")
    for path, file in sorted(folder.items()):
        if len(file.data) > FILE_BYTES:
            message = f"the file has {len(file.data)} bytes"
            yield _error("large-file", 1, message, f"keep at most {FILE_BYTES}", path)


def _error(code: str, line: int, message: str, fix: str, file: str = DOCUMENT) -> Diagnostic:
    return Diagnostic(severity="error", code=code, line=line, message=message, fix=fix, file=file)
