"""Which repository on which GitHub, and with whose token.

    git@github.com:ada/library.git      api.github.com
    https://ghe.example.org/ada/library ghe.example.org/api/v3, or what GITHUB_API_URL says of this host
    https://acme.ghe.com/ada/library    api.acme.ghe.com

`origin` holds the branches. Where there is a remote `upstream`, origin is a fork of it, and pull requests
are opened there.

A token is sent to no host that it was not meant for, for the address comes from the repository: GITHUB_TOKEN
and GH_TOKEN go to github.com and ghe.com; to another host only when GITHUB_SERVER_URL, GITHUB_API_URL or
GH_HOST names it. Anything else takes GH_ENTERPRISE_TOKEN, GITHUB_ENTERPRISE_TOKEN or what `gh` knows.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from memento.errors import GitHubError

_SCP = re.compile(r"(?:[^@/\s]+@)?([^:/@\s]+):(?!//)(.+)")
_NAME = re.compile(r"[A-Za-z0-9_.-]+")
_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
_CLOUD = ("GITHUB_TOKEN", "GH_TOKEN")
_ENTERPRISE = ("GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN")


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """A repository on a GitHub."""

    host: str
    """With its port, when it has one."""
    owner: str
    name: str
    api: str
    git_url: str

    @property
    def full_name(self) -> str:
        return f"{self.owner}/{self.name}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Token:
    """A token, and where it was found, which may be shown."""

    value: str = field(repr=False)
    source: str


def place_of(address: str, environ: Mapping[str, str]) -> Place:
    """The place that a remote's address names. GitHubError when it names none."""
    scheme, host, path = _parts(address)
    parts = path.strip("/").removesuffix(".git").split("/")
    if len(parts) != 2 or not all(_NAME.fullmatch(part) for part in parts):
        raise GitHubError(f"The remote {_plain(address)} names no repository of a GitHub: {_SAMPLE}")
    owner, name = parts
    return Place(
        host=host,
        owner=owner,
        name=name,
        api=_api(scheme, host, environ),
        git_url=f"{scheme}://{host}/{owner}/{name}.git",
    )


def token_of(place: Place, environ: Mapping[str, str], gh: Callable[[str], str | None]) -> Token:
    """The token for a place; `gh` asks the GitHub command line for a host's. GitHubError without one."""
    meant = _is_cloud(place.host) or place.host in _named(environ)
    variables = (*(_CLOUD if meant else ()), *(() if _is_cloud(place.host) else _ENTERPRISE))
    for variable in variables:
        if value := environ.get(variable, "").strip():
            return _checked(Token(value=value, source=f"${variable}"))
    if value := (gh(place.host) or "").strip():
        return _checked(Token(value=value, source=f"`gh auth token --hostname {place.host}`"))
    hint = "" if meant else f" (${_CLOUD[0]} is for {place.host} only when $GH_HOST names it)"
    raise GitHubError(
        f"There is no token for {place.host}: set ${variables[0]}{hint}, or log in with `gh auth login`. "
        "It needs Contents: write and Pull requests: write."
    )


def _checked(token: Token) -> Token:
    # It becomes a header: a line end in it would begin another one.
    if not re.fullmatch(r"[!-~]+", token.value):
        raise GitHubError(
            f"What {token.source} gives is no token: it has blanks or control characters in it."
        )
    return token


def _parts(address: str) -> tuple[str, str, str]:
    """(scheme, host, path); the scheme is what we speak, whatever the address is meant for."""
    parts = urlsplit(address)
    host = parts.netloc.rpartition("@")[2].lower()
    if parts.scheme == "https" and host:
        return "https", host, parts.path
    if parts.scheme == "ssh" and parts.hostname:
        return "https", parts.hostname.removeprefix("ssh."), parts.path
    if parts.scheme == "http" and host.rsplit(":", 1)[0] in _LOOPBACK:
        return "http", host, parts.path
    if parts.scheme == "http":
        raise GitHubError(f"{_plain(address)} is not encrypted, and a token would go there. Use https://.")
    if "://" not in address and (match := _SCP.fullmatch(address)):
        return "https", match[1].lower(), match[2]
    raise GitHubError(f"The remote {_plain(address)} is no address of a GitHub: {_SAMPLE}")


def _api(scheme: str, host: str, environ: Mapping[str, str]) -> str:
    given = environ.get("GITHUB_API_URL", "").rstrip("/")
    parts = urlsplit(given)
    if parts.scheme == scheme and parts.netloc.lower() in (host, f"api.{host}"):
        return given
    if _is_cloud(host):
        return f"https://api.{host}"
    return f"{scheme}://{host}/api/v3"


def _is_cloud(host: str) -> bool:
    return host == "github.com" or host.endswith(".ghe.com")


def _named(environ: Mapping[str, str]) -> set[str]:
    """The hosts that the user's environment speaks of."""
    urls = (environ.get(name, "") for name in ("GITHUB_SERVER_URL", "GITHUB_API_URL"))
    return {urlsplit(url).netloc.lower() for url in urls} | {environ.get("GH_HOST", "").lower()}


def _plain(address: str) -> str:
    """An address without the password that may stand in it."""
    return re.sub(r"//[^/@]*@", "//", address)[:200]


_SAMPLE = "it should look like https://github.com/OWNER/NAME or git@github.com:OWNER/NAME."
