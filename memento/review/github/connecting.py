"""A library's remotes as ways to GitHub. Nothing is sent before it is asked for."""

import subprocess
from collections.abc import Callable, Mapping

from memento.errors import GitHubError
from memento.library import Library
from memento.library.remote import Remote, address
from memento.review.github.hub import Hub
from memento.review.github.place import Place, place_of, token_of
from memento.review.github.publishing import Connection

ORIGIN, UPSTREAM = "origin", "upstream"
_SECONDS = 20
_DIGITS = 40
"""Hex digits of a SHA-1, by which GitHub names objects."""


def connect(
    library: Library,
    environ: Mapping[str, str],
    *,
    gh: Callable[[str], str | None],
    now: Callable[[], float],
    sleep: Callable[[float], None],
) -> Connection:
    """GitHubError when the library has no remote of a GitHub, or there is no token for it."""
    origin = address(library.git, ORIGIN)
    if origin is None:
        raise GitHubError(
            "The library has no remote `origin`. Make a repository on GitHub, then "
            "`git remote add origin https://github.com/OWNER/NAME` and `git push -u origin main`."
        )
    ours = place_of(origin, environ)
    upstream = address(library.git, UPSTREAM)
    there = place_of(upstream, environ) if upstream is not None else ours
    if there.host != ours.host:
        raise GitHubError(f"origin is at {ours.host} and upstream at {there.host}: a fork is beside it.")
    if len(library.tip()) != _DIGITS:
        raise GitHubError("This library names objects by SHA-256, which GitHub does not take.")
    token = token_of(ours, environ, gh)

    def remote(place: Place) -> Remote:
        return Remote(git=library.git, url=place.git_url, token=token.value, environ=environ)

    return Connection(
        hub=Hub(place=there, token=token, now=now, sleep=sleep),
        there=remote(there),
        ours=remote(ours),
        owner=ours.owner,
        main=library.main.removeprefix("refs/heads/"),
    )


def ask_gh(host: str) -> str | None:
    """The token that GitHub's own command line keeps for a host; None when there is none."""
    try:
        done = subprocess.run(
            ["gh", "auth", "token", "--hostname", host],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_SECONDS,
            check=False,
        )
    except (FileNotFoundError, PermissionError, subprocess.TimeoutExpired):
        return None
    return done.stdout.decode("utf-8", "replace").strip() if done.returncode == 0 else None
