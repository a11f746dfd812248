"""Skills that come from elsewhere: a folder, or a git repository by path or URL. Read-only, nothing runs.

A repository is fetched as objects into one of our own that is thrown away: nothing is checked out, so no
filter, hook, submodule or link of it is ever in play. Only https:// and file:// are spoken. What a
folder that is no repository's root holds is read as it lies there.
"""

import re
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from memento.errors import LibraryError, UsageError
from memento.library.folders import DOCUMENT, read_folder, skill_folders
from memento.library.git import Git, create_repository, find_git_dir
from memento.library.snapshot import MOST_BYTES, read_blobs
from memento.types import File, FileName, Folder, Sha

Wanted = Callable[[FileName], bool]
"""Says of a path within a skill's folder whether its content is wanted."""

_REV = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./-]{0,200}")
_LICENSE = re.compile(r"LICEN[CS]E[^/]*", re.IGNORECASE)
_ALLOWED = {
    "protocol.https.allow": "always",
    "protocol.file.allow": "always",
    "http.lowSpeedLimit": "1000",  # bytes per second, for
    "http.lowSpeedTime": "30",  # seconds, then the fetch gives up
    "core.askPass": "",
    "credential.helper": "",
    "fetch.fsckObjects": "true",  # refuses paths like .git/config in a tree
}
_FETCH = (
    *(part for key, value in _ALLOWED.items() for part in ("-c", f"{key}={value}")),
    *("fetch", "--quiet", "--depth=1", "--no-tags", "--no-recurse-submodules"),
    *("--no-write-fetch-head", "--update-shallow"),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """One skill folder of a source, by the name of the folder."""

    name: str
    files: Folder
    """The files that were wanted."""
    others: tuple[FileName, ...]
    """Files that were not wanted, and links, submodules and files over 8 MB."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """Where skills come from. `origin` never holds a password."""

    origin: str
    commit: Sha | None
    """None for a folder that is not the root of a repository."""
    license: str | None
    """The first line of the licence file at the top."""
    skills: tuple[Found, ...]


def read_source(source: str, rev: str | None, wanted: Wanted, now: Callable[[], float]) -> Source:
    """All skills of `source`. UsageError when it is none or of a kind that is not read, LibraryError when
    it cannot be fetched.
    """
    if "://" in source:
        return _from_repository(_checked_url(source), rev, wanted, now)
    path = Path(source).expanduser().resolve()
    if not path.is_dir():
        hint = "Give a folder, or a repository as https://... or file://..."
        raise UsageError(f"{source} is no folder. {hint}")
    if _is_repository(path):
        return _from_repository(path.as_uri(), rev, wanted, now)
    if rev is not None:
        raise UsageError(f"{source} is not the root of a git repository, so it has no revision {rev}.")
    return _from_folder(path, wanted)


def _checked_url(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("https", "file") or not url.isprintable():
        raise UsageError(f"{parts.scheme}:// is not read. Give the repository as https://... or file://...")
    return url


def _is_repository(path: Path) -> bool:
    try:
        find_git_dir(path)
    except LibraryError:
        return False
    return True


# ---------------------------------------------------------------- a folder


def _from_folder(path: Path, wanted: Wanted) -> Source:
    found = []
    for folder in skill_folders(path):
        contents = read_folder(folder)
        files = {name: file for name, file in contents.files.items() if wanted(name)}
        others = sorted({*contents.files, *contents.strange} - set(files))
        found.append(Found(name=folder.name, files=files, others=tuple(others)))
    tops = {p.name: File(data=p.read_bytes()[:4096]) for p in sorted(path.iterdir()) if _is_license(p)}
    return Source(origin=str(path), commit=None, license=_license(tops), skills=_some(found, str(path)))


def _is_license(path: Path) -> bool:
    return bool(_LICENSE.fullmatch(path.name)) and path.is_file() and not path.is_symlink()


# ---------------------------------------------------------------- a repository


def _from_repository(url: str, rev: str | None, wanted: Wanted, now: Callable[[], float]) -> Source:
    with _fetched(url, rev, now) as (git, commit):
        blobs = _blobs(git, commit)
        roots = {path.rpartition("/")[0] for path in blobs if path.rpartition("/")[2] == DOCUMENT}
        found = [_found(git, root, _inside(blobs, root, roots), wanted, url) for root in sorted(roots)]
        tops = {path: blob for path, blob in sorted(blobs.items()) if blob and _LICENSE.fullmatch(path)}
        texts = dict(zip(tops, map(_file, read_blobs(git, [b.sha for b in tops.values()])), strict=True))
    return Source(
        origin=_without_password(url), commit=commit, license=_license(texts), skills=_some(found, url)
    )


@contextmanager
def _fetched(url: str, rev: str | None, now: Callable[[], float]) -> Iterator[tuple[Git, Sha]]:
    if rev is not None and (not _REV.fullmatch(rev) or ".." in rev):
        raise UsageError(f"{rev!r} is no branch, tag or commit that can be fetched.")
    with tempfile.TemporaryDirectory(prefix="memento-import-") as temporary:
        root = Path(temporary)
        create_repository(root, "main")
        git = Git(git_dir=root / ".git", now=now, durable=False)
        answer = git.run(*_FETCH, "--", url, f"{rev or 'HEAD'}:refs/memento/import")
        if answer.status:
            said = [line.replace(url, _without_password(url)) for line in answer.stderr.strip().splitlines()]
            why = next(
                (line for line in said if line.startswith("fatal")), said[-1] if said else "git failed"
            )
            raise LibraryError(
                f"{_without_password(url)} cannot be fetched: {why}. "
                "Check the address, and that it needs no login."
            )
        yield git, Sha(git.line("rev-parse", "--verify", "refs/memento/import^{commit}"))


@dataclass(frozen=True, kw_only=True, slots=True)
class _Blob:
    sha: Sha
    executable: bool


def _blobs(git: Git, commit: Sha) -> Mapping[FileName, _Blob | None]:
    """Every path of the commit; None for what is no regular file of a reasonable size."""
    blobs: dict[FileName, _Blob | None] = {}
    out = git("ls-tree", "-r", "-z", "-l", "--full-tree", commit).decode("utf-8", "surrogateescape")
    for line in out.split("\0")[:-1]:
        meta, path = line.split("\t", 1)
        mode, _, sha, size = meta.split()
        regular = mode in ("100644", "100755") and int(size) <= MOST_BYTES
        blobs[path] = _Blob(sha=Sha(sha), executable=mode == "100755") if regular else None
    return blobs


def _inside(
    blobs: Mapping[FileName, _Blob | None], root: str, roots: set[str]
) -> Mapping[FileName, _Blob | None]:
    """Paths below `root`, relative to it, without those of skills further down."""
    start = f"{root}/" if root else ""
    deeper = tuple(f"{other}/" for other in roots if other != root and other.startswith(start))
    return {
        path.removeprefix(start): blob
        for path, blob in blobs.items()
        if path.startswith(start) and not path.startswith(deeper)
    }


def _found(git: Git, root: str, inside: Mapping[FileName, _Blob | None], wanted: Wanted, url: str) -> Found:
    taken = {path: blob for path, blob in sorted(inside.items()) if blob is not None and wanted(path)}
    texts = read_blobs(git, [blob.sha for blob in taken.values()])
    files = {
        path: File(data=data, executable=blob.executable)
        for (path, blob), data in zip(taken.items(), texts, strict=True)
    }
    name = root.rpartition("/")[2] or urlsplit(url).path.rstrip("/").rpartition("/")[2].removesuffix(".git")
    return Found(name=name, files=files, others=tuple(sorted(set(inside) - set(files))))


def _file(data: bytes) -> File:
    return File(data=data)


# ---------------------------------------------------------------- both


def _some(found: list[Found], where: str) -> tuple[Found, ...]:
    usable = tuple(each for each in found if DOCUMENT in each.files)
    if not usable:
        raise UsageError(f"{_without_password(where)} holds no SKILL.md, so there is nothing to import.")
    return usable


def _license(tops: Folder) -> str | None:
    for file in tops.values():
        lines = file.data.decode("utf-8", "replace").splitlines()
        first = next((line.strip() for line in lines if line.strip()), None)
        if first:
            return first[:200]
    return None


def _without_password(url: str) -> str:
    if "://" not in url:
        return url
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
