"""A repository elsewhere, reached over HTTPS: the only commands of git that leave this machine.

- They run in an empty repository that borrows the library's objects. No setting of the library's own
  repository is in force: no credential helper, no rewritten address, no proxy, no TLS switched off.
- The token is in the environment, for one host only: not on a command line, where every process of the
  machine could read it, and in no file.
- Redirections are not followed: the token would go along.
- What is fetched is checked by git before it is kept.
"""

import base64
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from memento.errors import GitHubError
from memento.library.git import Answer, Git, common_dir, run_elsewhere
from memento.library.opening import BRANCHES
from memento.types import Sha

HANDED_ON = (
    "https_proxy", "HTTPS_PROXY", "http_proxy", "no_proxy", "NO_PROXY", "GIT_SSL_CAINFO", "SSL_CERT_FILE",
)  # fmt: skip
"""Variables of the user's environment that say how hosts are reached."""
_HAVE, _GOT = "refs/heads/have", "refs/heads/got"
_SECONDS = 300


@dataclass(frozen=True, kw_only=True, slots=True)
class Remote:
    """One repository elsewhere, as `url`. Raises GitHubError."""

    git: Git
    url: str
    token: str = field(repr=False)
    environ: Mapping[str, str] = field(repr=False)
    """The user's; all but HANDED_ON is left out. It may hold tokens."""

    def branch(self, name: str) -> Sha | None:
        """The commit of a branch there, None when there is none."""
        listed = self._checked("ls-remote", "--refs", "--", self.url, f"refs/heads/{name}")
        return Sha(listed.split()[0].decode()) if listed.strip() else None

    def fetch(self, branch: str, have: Sha, keep: str) -> Sha:
        """The commit of a branch there, with its objects here, kept by the reference `keep`."""
        with self._aside() as aside:
            (aside / _HAVE).write_text(f"{have}\n", "ascii")
            self._there(aside, "fetch", "--no-tags", "--no-auto-maintenance", "--no-write-fetch-head", "--",
                        self.url, f"+refs/heads/{branch}:{_GOT}")  # fmt: skip
            commit = Sha((aside / _GOT).read_text("ascii").strip())
        self.git("update-ref", keep, commit)
        return commit

    def push(self, commit: Sha, branch: str, expected: Sha | None) -> None:
        """A proposal's branch there becomes `commit`, if it is still at `expected` (None: not there)."""
        full = f"refs/heads/{branch}"
        assert full.startswith(BRANCHES), "only branches of proposals are pushed"
        lease = f"--force-with-lease={full}:{expected or ''}"
        self._checked("push", "--no-verify", "--porcelain", lease, "--", self.url, f"{commit}:{full}")

    def delete(self, branch: str, expected: Sha) -> None:
        """The branch there goes, if it is still at `expected`."""
        full = f"refs/heads/{branch}"
        assert full.startswith(BRANCHES), "only branches of proposals are deleted"
        lease = f"--force-with-lease={full}:{expected}"
        self._checked("push", "--no-verify", "--porcelain", lease, "--", self.url, f":{full}")

    def _checked(self, *argv: str) -> bytes:
        with self._aside() as aside:
            return self._there(aside, *argv)

    def _there(self, aside: Path, *argv: str) -> bytes:
        try:
            answer = run_elsewhere(
                aside,
                *self._settings(),
                *argv,
                extra=self._environment(),
                when=self.git.now(),
                seconds=_SECONDS,
            )
        except subprocess.TimeoutExpired:
            # Without its cause: that one quotes the environment nowhere, but its command line is of no use.
            raise GitHubError(
                f"git {argv[0]} took longer than {_SECONDS} s and was ended. Try again."
            ) from None
        if answer.status:
            raise GitHubError(_refusal(argv[0], self.url, answer))
        return answer.stdout

    def _settings(self) -> list[str]:
        scheme = urlsplit(self.url).scheme
        settings = {
            f"protocol.{scheme}.allow": "always",
            "http.followRedirects": "false",
            "credential.helper": "",
            "transfer.fsckObjects": "true",
        }
        return [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]

    def _environment(self) -> dict[str, str]:
        parts, common = urlsplit(self.url), common_dir(self.git.git_dir)
        word = base64.b64encode(f"x-access-token:{self.token}".encode()).decode()
        handed = {name: self.environ[name] for name in HANDED_ON if name in self.environ}
        own = {
            "GIT_OBJECT_DIRECTORY": str(common / "objects"),
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": f"http.{parts.scheme}://{parts.netloc}/.extraHeader",
            "GIT_CONFIG_VALUE_0": f"Authorization: Basic {word}",
        }
        shallow = {"GIT_SHALLOW_FILE": str(common / "shallow")} if (common / "shallow").is_file() else {}
        return {**handed, **own, **shallow}

    @contextmanager
    def _aside(self) -> Iterator[Path]:
        with tempfile.TemporaryDirectory(prefix="memento-remote-") as folder:
            aside = Path(folder)
            (aside / "objects").mkdir()
            (aside / "refs" / "heads").mkdir(parents=True)
            (aside / "HEAD").write_text("ref: refs/heads/none\n", "ascii")
            (aside / "config").write_text("[core]\n\trepositoryformatversion = 0\n\tbare = true\n", "ascii")
            yield aside


def address(git: Git, remote: str) -> str | None:
    """The address of a remote, as the repository's own configuration has it; None when there is none."""
    answer = git.run("config", "--local", "--get", f"remote.{remote}.url")
    return answer.stdout.decode("utf-8", "replace").strip() or None


def is_ancestor(git: Git, old: Sha, new: Sha) -> bool:
    """Whether `new` contains `old`."""
    return git.run("merge-base", "--is-ancestor", old, new).status == 0


def has(git: Git, commit: Sha) -> bool:
    """Whether a commit is in this repository."""
    return git.run("cat-file", "-e", f"{commit}^{{commit}}").status == 0


def _refusal(command: str, url: str, answer: Answer) -> str:
    said = f"{answer.stdout.decode('utf-8', 'replace')}\n{answer.stderr}"
    for words, sentence in _SENTENCES:
        if any(word in said for word in words):
            return sentence.format(url=url)
    lines = [line for line in answer.stderr.strip().splitlines() if line.strip()]
    return f"git {command} failed at {url}: {lines[-1] if lines else f'status {answer.status}'}."


_SENTENCES = (
    (
        ("protected branch", "GH006", "GH013", "rule violations"),
        "A rule of the repository forbids pushing branches memento/*: let the token's owner create them "
        "(Settings, Rules, bypass list), or exclude memento/** from the rule.",
    ),
    (
        ("stale info", "non-fast-forward", "fetch first", "[rejected]"),
        "The branch has moved at {url}: somebody pushed to it. `memento pr sync` says what is there now.",
    ),
    (
        ("Authentication failed", "could not read Username", "error: 401", "terminal prompts disabled"),
        "{url} does not take the token: it has expired, or was withdrawn. Make a new one.",
    ),
    (
        ("error: 403", "Permission to", "Write access to repository not granted"),
        "The token may not write to {url}: give it Contents: write. Without such rights, fork the repository,"
        " `git remote rename origin upstream` and `git remote add origin` the fork.",
    ),
    (
        ("not found", "error: 404"),
        "There is no repository at {url} that the token can see. Check `git remote -v`, and the repositories "
        "that the token was made for.",
    ),
    (
        ("Could not resolve host", "Failed to connect", "Connection refused", "timed out"),
        "{url} cannot be reached. Check the connection, and https_proxy where there is one.",
    ),
    (
        ("certificate", "SSL"),
        "{url} has a certificate that this machine does not trust. Name its authority in GIT_SSL_CAINFO.",
    ),
    (
        (
            "unable to update url base from redirection",
            "error: 301",
            "error: 302",
            "error: 307",
            "error: 308",
        ),
        "{url} redirects elsewhere: the repository was renamed. Set its new address: `git remote set-url`.",
    ),
)
"""What git says, and what a person is to do about it. The weightier words first."""
