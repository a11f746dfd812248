"""A Python inside the sandbox that imports what the harness needs, and nothing that untrusted code wrote.

    /opt/memento/prefix        the running interpreter's own installation, when it is not below /usr
    /opt/memento/python        a virtual environment made here: bin/python3 and one .pth file
    /opt/memento/site          the site-packages that Memento runs with
    /opt/memento/package       the folder that holds `memento`, when it is not in there (editable installs)

The site-packages are named by that .pth file and are not a site folder themselves: a .pth among them
(editable installs have one) could name a folder that is the untrusted workspace inside.
"""

import sys
import sysconfig
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from memento.errors import SandboxError
from memento.protocols import Mount

ROOT = "/opt/memento"
PREFIX, VENV, SITE, PACKAGE = f"{ROOT}/prefix", f"{ROOT}/python", f"{ROOT}/site", f"{ROOT}/package"

PYTHON = (f"{VENV}/bin/python3", "-I", "-B")
PATH = f"{VENV}/bin:/usr/local/bin:/usr/bin:/bin"

VERSIONS = range(9, 20)
"""Minor versions of Python 3 for which the environment has a library folder: an image brings its own."""

INSIDE_USR = ("/usr", "/bin")


@dataclass(frozen=True, kw_only=True)
class Packages:
    """Host folders that make up what `python` inside can import."""

    site: Path
    package: Path | None

    @property
    def mounts(self) -> list[Mount]:
        found = [Mount(source=self.site, target=SITE)]
        if self.package:
            found.append(Mount(source=self.package, target=f"{PACKAGE}/memento"))
        return found


def packages() -> Packages:
    """Where pytest and this very package are installed."""
    import memento

    site = Path(sysconfig.get_path("purelib")).resolve()
    package = Path(memento.__file__).resolve().parent
    return Packages(site=site, package=None if package.parent == site else package)


def own_prefix() -> tuple[str, list[Mount]]:
    """The interpreter's path inside, with the mounts that bring it there. SandboxError when it cannot be."""
    prefix = Path(sys.base_prefix).resolve()
    name = f"python3.{sys.version_info.minor}"
    if not (prefix / "bin" / name).exists() or prefix == Path("/"):
        raise SandboxError(
            f"the Python that runs Memento has no {prefix}/bin/{name} to show to the sandbox. "
            "Install Memento with a Python of your distribution, of uv, or of pyenv."
        )
    if str(prefix).startswith(INSIDE_USR):
        return f"{prefix}/bin/{name}", []
    return f"{PREFIX}/bin/{name}", [Mount(source=prefix, target=PREFIX)]


def write_environment(folder: Path, interpreter: str, minors: Iterable[int] = VERSIONS) -> None:
    """Fill the empty `folder` with a virtual environment whose interpreter is `interpreter` (inside).

    `minors` are the versions that it may turn out to be: each has a folder, and takes its time.
    """
    home = interpreter.rpartition("/")[0]
    (folder / "bin").mkdir(parents=True)
    for name in ("python", "python3"):
        (folder / "bin" / name).symlink_to(interpreter)
    (folder / "pyvenv.cfg").write_text(f"home = {home}\ninclude-system-site-packages = false\n", "utf-8")
    for minor in minors:
        site = folder / "lib" / f"python3.{minor}" / "site-packages"
        site.mkdir(parents=True)
        (site / "memento.pth").write_text(f"{PACKAGE}\n{SITE}\n", "utf-8")


def library_path() -> Sequence[tuple[str, str]]:
    """LD_LIBRARY_PATH for an interpreter whose shared library is found by an absolute path, else nothing."""
    if sysconfig.get_config_var("Py_ENABLE_SHARED") and not str(sys.base_prefix).startswith(INSIDE_USR):
        return (("LD_LIBRARY_PATH", f"{PREFIX}/lib"),)
    return ()


def environment() -> dict[str, str]:
    """The whole environment of a sandboxed command, before what its caller adds."""
    variables = {"HOME": "/tmp", "PATH": PATH, "LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"}  # noqa: S108
    return variables | dict(library_path())
