"""The real command line in a process of its own, as a person runs it: no key, no settings of this machine.

memento      memento("list", "--json", cwd=folder) -> Ran(code, out, err)
environment  what that process is given; a copy may be changed
learned      a library that `memento demo` made, shared and read-only: change a copy
fresh        a new library with the starter skills, of this test alone
state_of     all refs and all files outside .git and .memento, to compare before and after
"""

import fcntl
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.command import Ran, run, scrubbed


def pytest_collection_modifyitems(items):
    """One test process makes the demo's library while the others go on."""
    for item in items:
        if "demo" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.xdist_group("demo"))


@pytest.fixture
def environment(tmp_path) -> dict[str, str]:
    home = tmp_path / "person"
    home.mkdir()
    return scrubbed(home)


@pytest.fixture
def memento(tmp_path, environment) -> Callable[..., Ran]:
    def memento(*argv, cwd=tmp_path, **more) -> Ran:
        return run(*argv, cwd=cwd, env={**environment, **more})

    return memento


@pytest.fixture(scope="session")
def demo(tmp_path_factory) -> Ran:
    """`memento demo`, once for all test processes; its library is beside the result."""
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    result, library = shared / "demo.json", shared / "demo-library"
    with (shared / "demo.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not result.exists():
            argv = ("demo", "--quiet", "--json", "--seed", 7, "--tasks", 6, "--dir", library)
            ran = run(*argv, cwd=shared, env=scrubbed(shared))
            assert ran.code == 0, ran.err
            assert ran.err == ""
            result.write_text(ran.out, "utf-8")
    return Ran(code=0, out=result.read_text("utf-8"), err="")


@pytest.fixture(scope="session")
def learned(demo) -> Path:
    return Path(demo.json()["library"])


@pytest.fixture
def own(learned, tmp_path) -> Path:
    """A copy of the learned library."""
    return Path(shutil.copytree(learned, tmp_path / "own"))


@pytest.fixture(scope="session")
def _fresh(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("made") / "library"
    assert run("init", root, cwd=root.parent, env=scrubbed(root.parent)).code == 0
    return root


@pytest.fixture
def fresh(_fresh, tmp_path) -> Path:
    return Path(shutil.copytree(_fresh, tmp_path / "fresh"))


def state_of(root: Path) -> dict[str, object]:
    git = ["git", "-C", str(root)]
    refs = subprocess.run([*git, "for-each-ref"], capture_output=True, check=False).stdout
    head = (root / ".git/HEAD").read_bytes() if (root / ".git").is_dir() else b""
    files = {
        str(path.relative_to(root)): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and path.relative_to(root).parts[0] not in {".git", ".memento"}
    }
    return {"refs": refs, "head": head, "files": files}
