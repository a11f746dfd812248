"""Which sandbox: the one that was named, or the first that proves itself. Never the host by itself."""

import shutil
from collections.abc import Mapping
from pathlib import Path

from memento.errors import SandboxError
from memento.protocols import Sandbox

KINDS = ("auto", "bubblewrap", "docker", "host")

ADVICE = (
    "Install bubblewrap with `apt install bubblewrap`, start Docker, "
    "or give --sandbox host by hand for code you trust."
)


def choose(kind: str, environ: Mapping[str, str], *, image: str | None = None) -> Sandbox:
    """The sandbox named `kind`; "auto" tries bubblewrap, then Docker, and takes what `check` finds to hold.

    `environ` says where programs (PATH), the Docker engine (DOCKER_*) and temporary folders (TMPDIR) are;
    `image` is Docker's, where it is not to be the one that Memento builds.
    SandboxError, with the ways forward, when there is none; a named one is not replaced by another.
    """
    if kind not in KINDS:
        raise SandboxError(f"there is no sandbox {kind!r}; choose one of {', '.join(KINDS)}.")
    if kind == "auto":
        return _first_that_holds(environ, image)
    sandbox = _make(kind, environ, image)
    sandbox.check()
    return sandbox


def _make(kind: str, environ: Mapping[str, str], image: str | None) -> Sandbox:
    scratch = Path(environ["TMPDIR"]) if environ.get("TMPDIR") else None
    if kind == "host":
        from memento.sandbox.host import Host

        return Host(scratch=scratch)
    if kind == "docker":
        from memento.sandbox.docker import Docker

        return Docker.connect(environ, image=image, scratch=scratch)
    from memento.sandbox.bubblewrap import Bubblewrap

    program = shutil.which("bwrap", path=environ.get("PATH", "/usr/bin:/bin"))
    if program is None:
        raise SandboxError(f"bubblewrap is not installed. {ADVICE}")
    return Bubblewrap(program=Path(program), scratch=scratch)


def _first_that_holds(environ: Mapping[str, str], image: str | None) -> Sandbox:
    reasons = []
    for kind in ("bubblewrap", "docker"):
        try:
            return choose(kind, environ, image=image)
        except SandboxError as error:
            reasons.append(f"- {kind}: {error}")
    raise SandboxError("\n".join(["there is no sandbox to run untrusted code in.", *reasons, ADVICE]))
