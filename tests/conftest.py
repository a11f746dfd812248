"""Situations that tests of several parts share, and the fuse: no connection leaves this machine.

library    two small skills on main, made by a person with plain git; the checkout is clean
git        that person's git, in any folder: git("status", "--short", cwd=...)
"""

import ipaddress
import itertools
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from memento.library import Library

LEDGER = """\
---
name: ledger-totals
description: Adds up the amounts of a ledger. Use when a task asks for a total of a CSV file.
metadata:
  memento-version: 0.1.0
---

# Ledger totals

Run `python3 scripts/total.py FILE`.
"""
GREETER = """\
---
name: greeter
description: Greets a person by name. Use when a task asks for a greeting.
---

# Greeter

Say hello.
"""
FILES = {
    "skills/ledger-totals/SKILL.md": LEDGER,
    "skills/ledger-totals/scripts/total.py": "import sys\n\nprint(sum(int(n) for n in open(sys.argv[1])))\n",
    "skills/greeter/SKILL.md": GREETER,
    "skill_tests/test_ledger_totals.py": "def test_says_total(skill):\n    assert 'total.py' in skill.body\n",
    "skill_tests/test_greeter.py": "def test_greets(skill):\n    assert 'hello' in skill.body\n",
    "tips.md": "- Read the header first.\n",
    ".gitignore": ".memento/\n",
}


def _fuse(event: str, arguments: tuple) -> None:
    if event == "socket.connect":
        address = arguments[1]
        if isinstance(address, tuple) and not _is_here(str(address[0])):
            raise RuntimeError(f"the network is off in tests: connect to {address}")
    elif event == "socket.getaddrinfo" and not _is_here(str(arguments[0] or "localhost")):
        raise RuntimeError(f"the network is off in tests: look up {arguments[0]}")


def _is_here(host: str) -> bool:
    if host in ("localhost", ""):
        return True
    try:
        address = ipaddress.ip_address(host.split("%")[0])
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


sys.addaudithook(_fuse)


UserGit = Callable[..., str]


def user_git(home: Path) -> UserGit:
    """The person's own git: their identity and no configuration beside the repository's."""
    home.mkdir()
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_AUTHOR_DATE": "1750000000 +0000",
        "GIT_COMMITTER_DATE": "1750000000 +0000",
    }
    identity = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")

    def run(*argv: str, cwd: Path) -> str:
        done = subprocess.run(
            ["git", *identity, *argv], cwd=cwd, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


@pytest.fixture
def git(tmp_path: Path) -> UserGit:
    return user_git(tmp_path / "home")


def lay_out(root: Path) -> None:
    """The files of the library, in a folder that may not exist yet."""
    for name, text in FILES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")


@pytest.fixture(scope="session")
def library_at(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Library]:
    """library_at(root, "--object-format=sha256") -> Library, a copy of the first that was made with that."""
    folder = tmp_path_factory.mktemp("libraries")
    git, first = user_git(folder / "home"), {}

    def make(*options: str) -> Path:
        root = folder / f"{len(first)}"
        lay_out(root)
        git("init", "-q", "-b", "main", *options, cwd=root)
        git("add", ".", cwd=root)
        git("commit", "-q", "-m", "A library", cwd=root)
        return root

    def copied(root: Path, *options: str) -> Library:
        count = itertools.count()
        first[options] = first.get(options) or make(*options)
        shutil.copytree(first[options], root, dirs_exist_ok=True)
        git("update-index", "-q", "--refresh", cwd=root)  # a copy has other inodes than the index knows
        return Library.open(root, now=lambda: 1760000000.0, ids=lambda: f"id{next(count)}", durable=False)

    return copied


@pytest.fixture
def make_library(tmp_path: Path, git: UserGit, library_at: Callable[..., Library]) -> Callable[..., Library]:
    """make_library("some folder", "--object-format=sha256") -> Library; later options go to `git init`."""
    del git  # the person's home lies beside the library
    return lambda folder="library", *options: library_at(tmp_path / folder, *options)


@pytest.fixture
def library(make_library: Callable[..., Library]) -> Library:
    return make_library()
