"""The files that gate a library's pull requests on GitHub: workflows, CODEOWNERS, advice on protection.

Which Memento the workflows install stands in one file, `.github/memento.txt`, a requirement for pip:

    from an index                        memento-skills==VERSION
    from a git repository over https     the same, at the very commit
    from an archive over https           the same address
    from anywhere else                   GitHub cannot go there: the line is left for a person to write, and
                                         until then the workflows fail with a sentence that says so
"""

from collections.abc import Mapping
from importlib import resources

from pydantic import BaseModel

from memento.errors import UsageError
from memento.library import Library

PROJECT = "memento-skills"
INSTALLS = ".github/memento.txt"
FILES = {
    INSTALLS: "memento.txt",
    ".github/workflows/gate.yml": "gate.yml",
    ".github/workflows/gate-comment.yml": "gate-comment.yml",
    ".github/CODEOWNERS": "CODEOWNERS",
    ".github/branch-protection.md": "branch-protection.md",
}
_UNKNOWN = "# (write the line here, without the #)"


class _Commit(BaseModel):
    vcs: str
    commit_id: str


class _Direct(BaseModel):
    """What an installer notes down of something that came from no index (PEP 610)."""

    url: str
    vcs_info: _Commit | None = None


def requirement_of(version: str, direct_url: str | None) -> str | None:
    """What installs this Memento elsewhere, None where nothing does; `direct_url` is a file's text."""
    if direct_url is None:
        return f"{PROJECT}=={version}"
    direct = _Direct.model_validate_json(direct_url)
    if not direct.url.startswith("https://"):
        return None
    if direct.vcs_info is None:
        return f"{PROJECT} @ {direct.url}"
    return f"{PROJECT} @ {direct.vcs_info.vcs}+{direct.url}@{direct.vcs_info.commit_id}"


def github_files(requirement: str | None) -> Mapping[str, bytes]:
    """By path; the workflows install `requirement`. UsageError when that is not one line."""
    if requirement is not None and (not requirement.strip() or not requirement.isprintable()):
        raise UsageError("What is to be installed is one line, as in --install 'memento-skills==1.0'.")
    folder = resources.files("memento").joinpath("templates", "github")
    texts = {path: folder.joinpath(name).read_text("utf-8") for path, name in FILES.items()}
    line = requirement or _UNKNOWN
    return {path: text.replace("@REQUIREMENT@", line).encode() for path, text in texts.items()}


def add_github(library: Library, files: Mapping[str, bytes]) -> tuple[str, ...]:
    """Commit to main those of the files that it does not have; their paths."""
    present = library.at().entries()
    missing = {path: data for path, data in files.items() if path not in present}
    if missing:
        library.commit_files(missing, "Gate pull requests on GitHub", {})
    return tuple(missing)
