"""Lines that travel between clones over a reference of their own, `refs/memento/outcomes`.

    outcomes/3f.jsonl    lines, sorted; the file is named by a hash of the line's key
    ...                  so one new line changes one small file

1. Fetch what the remote has. 2. Unite it with ours. 3. If that says more than the remote, commit on top of
its commit and push without force. 4. When somebody pushed meanwhile, git refuses, and we begin again.

The remote is named by the person: its URL is read from the repository's configuration, and spoken to over
files, https and ssh only, with the programs that git itself brings. Nothing is checked out or run.
"""

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from memento.errors import LibraryError
from memento.library.git import Git
from memento.library.objects import Draft, create, writer
from memento.library.reader import reading
from memento.types import File, Sha

REF = "refs/memento/outcomes"
_INCOMING = "refs/memento/incoming"
_TRIES = 6
_ALLOWED = {
    "protocol.file.allow": "always",
    "protocol.https.allow": "always",
    "protocol.ssh.allow": "always",
    "http.lowSpeedLimit": "1000",
    "http.lowSpeedTime": "30",
    "core.askPass": "",
    "credential.helper": "",
    "fetch.fsckObjects": "true",
}
_SPEAK = tuple(part for key, value in _ALLOWED.items() for part in ("-c", f"{key}={value}"))
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}")

Key = Callable[[str], str | None]
"""What a line is known by; None for a line that is none of ours."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Exchanged:
    """What both sides now have, and how many lines went each way."""

    lines: tuple[str, ...]
    sent: int
    received: int


def exchange(git: Git, root: Path, remote: str, ours: Iterable[str], key: Key) -> Exchanged:
    """Unite `ours` with the remote's lines, here and there. `root` is what relative paths are relative to.

    LibraryError when it cannot be reached, takes no push, or never stands still.
    """
    url, mine = _located(_url(git, remote), root), _by_key(ours, key)
    for _ in range(_TRIES):
        theirs = _fetched(git, remote, url)
        there = _lines(git, theirs, key) if theirs else {}
        united = {**mine, **there}
        if len(united) == len(there):
            commit = theirs
        else:
            commit = _commit(git, united, theirs)
            if not _pushed(git, remote, url, commit):
                continue
        if commit is not None:
            git("update-ref", REF, commit)
        sent, received = len(united) - len(there), len(united) - len(mine)
        return Exchanged(lines=tuple(united[name] for name in sorted(united)), sent=sent, received=received)
    raise LibraryError(f"Others kept writing to {remote} at the same time. Run `memento sync` again.")


def _url(git: Git, remote: str) -> str:
    if not _NAME.fullmatch(remote):
        return remote
    answer = git.run("config", "--get", f"remote.{remote}.url")
    url = answer.stdout.decode("utf-8", "replace").strip()
    if not url:
        raise LibraryError(
            f"This library has no remote {remote!r}. Add one with `git remote add`, or give a URL."
        )
    return url


def _located(url: str, root: Path) -> str:
    """git runs in a neutral folder, where a relative path would mean another place."""
    is_path = "://" not in url and not re.match(r"[^/]+:", url)
    return str((root / url).resolve()) if is_path else url


def _fetched(git: Git, remote: str, url: str) -> Sha | None:
    """The remote's commit, its objects here; None when it has none yet."""
    told = git.run(*_SPEAK, "ls-remote", "--upload-pack=git-upload-pack", "--", url, REF)
    if told.status:
        raise LibraryError(
            f"{remote} cannot be read: {_why(told.stderr)}. Check the address and your rights."
        )
    if not told.stdout.strip():
        return None
    fetch = ("fetch", "--quiet", "--no-tags", "--no-recurse-submodules", "--no-write-fetch-head")
    answer = git.run(*_SPEAK, *fetch, "--upload-pack=git-upload-pack", "--", url, f"+{REF}:{_INCOMING}")
    if answer.status:
        raise LibraryError(f"{remote} cannot be fetched: {_why(answer.stderr)}. Try again.")
    commit = Sha(git.line("rev-parse", "--verify", f"{_INCOMING}^{{commit}}"))
    git("update-ref", "-d", _INCOMING)
    return commit


def _pushed(git: Git, remote: str, url: str, commit: Sha) -> bool:
    """Whether the remote took it; False when somebody was faster."""
    push = ("push", "--quiet", "--no-verify", "--no-signed", "--receive-pack=git-receive-pack")
    answer = git.run(*_SPEAK, *push, "--", url, f"{commit}:{REF}")
    if not answer.status:
        return True
    # "cannot lock ref", "incorrect old value": two pushes met inside the remote itself.
    if re.search(r"rejected|fetch first|non-fast-forward|cannot lock|incorrect old value", answer.stderr):
        return False
    raise LibraryError(f"{remote} takes no push: {_why(answer.stderr)}. Check your rights there.")


def _commit(git: Git, lines: Mapping[str, str], parent: Sha | None) -> Sha:
    files: dict[str, list[str]] = {}
    for name, line in sorted(lines.items()):
        files.setdefault(hashlib.sha256(name.encode()).hexdigest()[:2], []).append(line)
    put = {
        f"outcomes/{shard}.jsonl": File(data=("\n".join(part) + "\n").encode())
        for shard, part in files.items()
    }
    digits = len(git.line("hash-object", "-t", "blob", "--stdin"))
    with reading(git) as read:
        draft = Draft(message="Outcomes\n", parents=(parent,) if parent else (), put=put)
        return create(draft, read, writer(git, digits))


def _lines(git: Git, commit: Sha, key: Key) -> dict[str, str]:
    with reading(git) as read:
        files = read.walk(f"{commit}^{{tree}}")
        blobs = read.blobs([f.sha for path, f in files.items() if path.startswith("outcomes/") and f.is_file])
    return _by_key((line for blob in blobs for line in blob.decode("utf-8", "replace").split("\n")), key)


def _by_key(lines: Iterable[str], key: Key) -> dict[str, str]:
    return {name: line for line in lines if line and (name := key(line)) is not None}


def _why(stderr: str) -> str:
    lines = [re.sub(r"//[^/@\s]*@", "//", line) for line in stderr.strip().splitlines()]
    return next((line for line in lines if line.startswith("fatal")), lines[-1] if lines else "git failed")
