"""The one door to git: plumbing commands, with nothing of the repository's or the user's configuration
able to run a program.

- Hooks, fsmonitor, attributes (filters, textconv, merge drivers), transports, signing and pagers are
  off on every command line; replace refs, grafts and lazy fetching are off in the environment.
- The environment is empty but for what is listed here. GitPython hands the parent's environment on,
  and a hook or a parent git may have exported GIT_DIR or GIT_CONFIG_PARAMETERS, so git is started
  through `env -i`.
- The git directory is named explicitly and treated as bare: no command looks at, or trusts, a work tree.
- Committer and clock are fixed by the caller, so the same steps give the same object names.
- No child outlives its call.

A command that is given all at once runs through GitPython. One that is talked with (`talk`), a list of
files (`listing`) and the question for git's version are started directly: loading GitPython takes 80 ms,
which is more than opening and listing a library of 10,000 skills does, and none of them needs what it
offers.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import IO, TYPE_CHECKING

from memento.errors import LibraryError

if TYPE_CHECKING:
    from git.cmd import Git as Runner

OLDEST = (2, 38)
NAME, EMAIL = "Memento", "memento@localhost"

_SETTINGS = {
    "core.hooksPath": "/dev/null",  # `reference-transaction` fires for update-ref too
    "core.fsmonitor": "false",
    "core.attributesFile": "/dev/null",
    "core.logAllRefUpdates": "true",  # --bare would switch the user's reflog off
    "protocol.allow": "never",
    "safe.bareRepository": "explicit",
    "log.showSignature": "false",  # would start gpg.program
    "diff.external": "",
    "color.ui": "false",
    "i18n.logOutputEncoding": "UTF-8",
    "i18n.commitEncoding": "UTF-8",
    "gc.auto": "0",
    "maintenance.auto": "false",
}
_DURABLE = "loose-object,pack,pack-metadata,reference"


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """How a git command ended."""

    status: int
    stdout: bytes
    stderr: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Git:
    """Runs git on one repository."""

    git_dir: Path
    """The work tree's own git directory: HEAD and index."""
    now: Callable[[], float]
    durable: bool = True
    """Objects and references are on disk before a command returns."""
    extra: Mapping[str, str] = field(default_factory=dict, hash=False)
    """Variables beside the fixed ones, for a command that talks to a remote: keys, an agent, a proxy."""

    def run(self, *argv: str, stdin: bytes = b"", keep: Sequence[int] = ()) -> Answer:
        """Run `git argv`; `keep` are descriptors the child holds on to (a lock dies with the last holder)."""
        with tempfile.TemporaryFile() as source:
            source.write(stdin)
            source.seek(0)
            # A neutral folder: a relative path in the configuration must not meet the user's files.
            status, out, err = _runner()("/").execute(
                [*_clean_git(int(self.now()), self.extra), *self._options(), *argv],
                istream=source,
                with_extended_output=True,
                with_exceptions=False,
                stdout_as_string=False,
                strip_newline_in_stdout=False,
                pass_fds=tuple(keep),
            )
        return Answer(status=status, stdout=out, stderr=err)

    def __call__(self, *argv: str, stdin: bytes = b"", keep: Sequence[int] = ()) -> bytes:
        """Standard output of `git argv`; LibraryError with git's own words when it fails."""
        return self._checked(argv[0], self.run(*argv, stdin=stdin, keep=keep))

    def _checked(self, command: str, answer: Answer) -> bytes:
        if answer.status:
            said = answer.stderr.strip().splitlines()
            raise LibraryError(
                f"git {command} failed: {said[-1] if said else f'status {answer.status}'}. "
                "Run `memento doctor` in the library, or see what `git fsck` says."
            )
        return answer.stdout

    def listing(self, *argv: str) -> bytes:
        """Standard output of a command that only reads, started directly; LibraryError when it fails."""
        done = subprocess.run(
            [_git(), *self._options(), *argv],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            cwd="/",
            env=_environment(int(self.now())),
            check=False,
        )
        said = done.stderr.decode("utf-8", "replace")
        return self._checked(argv[0], Answer(status=done.returncode, stdout=done.stdout, stderr=said))

    def line(self, *argv: str) -> str:
        """The one line that `git argv` prints."""
        return self(*argv).decode("utf-8", "replace").strip()

    @contextmanager
    def talk(self, *argv: str) -> Iterator[tuple[IO[bytes], IO[bytes]]]:
        """Standard input and output of `git argv` while it runs; it is gone when the block ends."""
        child = subprocess.Popen(
            [_git(), *self._options(), *argv],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd="/",
            env=_environment(int(self.now())),
        )
        assert child.stdin is not None
        assert child.stdout is not None
        try:
            yield child.stdin, child.stdout
        finally:
            child.kill()  # it only reads: there is nothing that it could leave half done
            with suppress(BrokenPipeError):
                child.stdin.close()
            child.stdout.close()
            child.wait()

    def _options(self) -> list[str]:
        return [f"--git-dir={self.git_dir}", "--bare", *_flags(self.durable)]


def ensure_git() -> str:
    """What git says of its version; LibraryError with the fix when it is missing or too old."""
    fix = "Install git 2.38 or newer (`apt install git`, `brew install git`)."
    if shutil.which("git") is None:
        raise LibraryError(f"git is not installed. {fix}")
    answer = subprocess.run(
        [_git(), "version"], cwd="/", capture_output=True, check=False, env=_environment(0)
    )
    words = answer.stdout.decode("utf-8", "replace").split()
    numbers = [part for part in words[2].split(".") if part.isdigit()] if len(words) > 2 else []
    if tuple(int(part) for part in numbers[:2]) < OLDEST:
        raise LibraryError(f"{' '.join(words)} is too old. {fix}")
    return " ".join(words)


def create_repository(root: Path, branch: str) -> None:
    """`git init` without templates: no sample hooks, no surprises from a configured template folder."""
    command = [*_clean_git(0), *_flags(True), "init", "--quiet", "--template=", f"--initial-branch={branch}"]
    status, _, said = _runner()("/").execute(
        [*command, "--", str(root)], with_extended_output=True, with_exceptions=False
    )
    if status:
        raise LibraryError(f"git could not make a repository in {root}: {said}. Is the folder writable?")


def run_elsewhere(git_dir: Path, *argv: str, extra: Mapping[str, str], when: float, seconds: float) -> Answer:
    """`git argv` on another repository, with more in its environment; it is ended after so many seconds.

    Started directly: `env -i` would put the environment, and with it a token, on a command line.
    Raises subprocess.TimeoutExpired.
    """
    done = subprocess.run(
        [_git(), f"--git-dir={git_dir}", "--bare", *_flags(True), *argv],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        cwd="/",
        env={**_environment(int(when)), **extra},
        timeout=seconds,
        check=False,
    )
    said = done.stderr.decode("utf-8", "replace")
    return Answer(status=done.returncode, stdout=done.stdout, stderr=said)


def find_git_dir(root: Path) -> Path:
    """The git directory of a work tree, a linked work tree or a bare repository at `root`.

    Our own search, because git's reads configuration to decide whom it trusts. LibraryError when
    there is none.
    """
    dot_git = root / ".git"
    if dot_git.is_dir():
        return dot_git
    if dot_git.is_file():
        target = dot_git.read_text("utf-8").removeprefix("gitdir:").strip()
        return (root / target).resolve()
    if (root / "HEAD").is_file() and (root / "objects").is_dir() and (root / "refs").is_dir():
        return root
    raise LibraryError(f"{root} is not a git repository. Make a library with `memento init {root}`.")


def common_dir(git_dir: Path) -> Path:
    """Where refs and objects are: the git directory itself, except for a linked work tree."""
    pointer = git_dir / "commondir"
    return (git_dir / pointer.read_text("utf-8").strip()).resolve() if pointer.is_file() else git_dir


@cache
def _runner() -> "type[Runner]":
    # Importing GitPython runs `git version` with the environment that it finds.
    found = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith("GIT_")}
    try:
        from git.cmd import Git

        return Git
    finally:
        os.environ.update(found)


def _flags(durable: bool) -> list[str]:
    fsync = {"core.fsync": _DURABLE if durable else "none"}
    settings = [("-c", f"{key}={value}") for key, value in {**_SETTINGS, **fsync}.items()]
    return ["--no-pager", *(part for pair in settings for part in pair)]


def _git() -> str:
    return shutil.which("git") or "git"


def _clean_git(when: int, extra: Mapping[str, str] = {}) -> list[str]:
    """git with nothing but this environment, for a starter that hands the parent's on."""
    environment = {**_environment(when), **extra}
    return ["env", "-i", *(f"{key}={value}" for key, value in environment.items()), _git()]


def _environment(when: int) -> dict[str, str]:
    environment = {
        "PATH": f"{Path(_git()).parent}:/usr/bin:/bin",
        "HOME": "/nonexistent",
        "XDG_CONFIG_HOME": "/nonexistent",
        "LC_ALL": "C",
        "TZ": "UTC",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_GRAFT_FILE": "/dev/null",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_LITERAL_PATHSPECS": "1",
    }
    for role in ("AUTHOR", "COMMITTER"):
        identity = {"NAME": NAME, "EMAIL": EMAIL, "DATE": f"{when} +0000"}
        environment |= {f"GIT_{role}_{key}": value for key, value in identity.items()}
    return environment
