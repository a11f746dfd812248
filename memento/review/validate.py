"""Validating skills wherever they are: one skill, one file of it, or a whole tree of folders.

error     it breaks the Agent Skills specification, or the skill cannot be used at all
warning   it works; a stranger's tool, or a reader, may stumble
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from memento.errors import UsageError
from memento.library.folders import folder_around, read_folder, skill_folders
from memento.skill import Diagnostic, check, parse
from memento.skill.sarif import Located


@dataclass(frozen=True, kw_only=True, slots=True)
class Validated:
    """One skill folder and all that is to be said about it."""

    name: str
    path: Path
    """The folder, as it was named or found."""
    usable: bool
    """Whether an agent can use it as it is; a skill with errors often can."""
    diagnostics: tuple[Diagnostic, ...]

    @property
    def errors(self) -> int:
        return sum(d.severity == "error" for d in self.diagnostics)


def validate(paths: Iterable[Path]) -> tuple[Validated, ...]:
    """Each skill at, around (for a file) or below these paths, once, in order.

    UsageError for a path that does not exist or has no skill.
    """
    folders: dict[Path, None] = {}
    for path in paths:
        folders |= dict.fromkeys(_folders(path))
    return tuple(_validated(folder) for folder in folders)


def located(validated: Iterable[Validated]) -> Iterator[Located]:
    """Each diagnostic with the path of its file."""
    for skill in validated:
        for d in skill.diagnostics:
            path = (skill.path / d.file).as_posix()
            yield Located(path=path, line=d.line, level=d.severity, rule=d.code, message=d.message, fix=d.fix)


def _folders(path: Path) -> tuple[Path, ...]:
    if path.is_dir():
        found = skill_folders(path)
        if not found:
            raise UsageError(f"there is no SKILL.md in or below {path}. A skill is a folder with one.")
        return found
    if not path.exists():
        raise UsageError(f"{path} does not exist. Name a skill's folder, a file of it, or a tree of skills.")
    around = folder_around(path)
    if around is None:
        raise UsageError(f"{path} belongs to no skill: no folder above it has a SKILL.md.")
    return (around,)


def _validated(folder: Path) -> Validated:
    contents = read_folder(folder)
    # `memento validate .` means the folder's real name.
    name = folder.resolve().name
    odd = tuple(_strange(path) for path in contents.strange)
    document = contents.files.get("SKILL.md")
    return Validated(
        name=name,
        path=folder,
        usable=document is not None and parse(document.data, folder=name).skill is not None,
        diagnostics=tuple(
            sorted(
                (*check(contents.files, name=name), *odd),
                key=lambda d: (d.file != "SKILL.md", d.file, d.line),
            )
        ),
    )


def _strange(path: str) -> Diagnostic:
    message = "it is no regular file of a reasonable size (a link, a device, or over 8 MB)"
    fix = "replace it by the file itself, or leave it out"
    return Diagnostic(severity="error", code="strange-file", line=1, message=message, fix=fix, file=path)
