"""The names under which results are remembered: everything that a result depends on, hashed.

content       skill, test file, skills beside it, routing answers
harness       the sources that run, report and decide
environment   Python, the packages installed beside pytest, the sandbox
"""

import hashlib
import platform
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from memento.gate.job import Job
from memento.types import Folder


def run_key(job: Job, sandbox: str) -> str:
    """The name of one run."""
    parts = [
        job.skill,
        str(job.turn),
        str(job.until_red),
        environment(sandbox),
        digest(job.test),
        folder_digest(job.folder),
    ]
    parts += [f"{name} {folder_digest(folder)}" for name, folder in sorted(job.beside.items())]
    parts += [repr(sorted(job.routes.items()))]
    return digest("\n".join(parts).encode())


def folder_digest(folder: Folder) -> str:
    """A folder's content: names, bytes, executable bits."""
    lines = [f"{name}\0{digest(file.data)}\0{file.executable}" for name, file in sorted(folder.items())]
    return digest("\n".join(lines).encode("utf-8", "surrogateescape"))


@cache
def environment(sandbox: str) -> str:
    """Harness, interpreter, packages and sandbox."""
    # Their folders say it; importlib.metadata reads them with the e-mail parser, which takes 15 ms.
    packages = sorted(item.name for item in _folder("pytest").parent.glob("*.dist-info"))
    return "\n".join([platform.python_version(), *packages, sandbox, harness_digest()])


@cache
def harness_digest() -> str:
    """All code that can change a verdict."""
    hasher = hashlib.sha256()
    for package in ("memento.gate", "memento.skill", "memento.testing", "memento.route"):
        for file in sorted(_folder(package).glob("*.py")):
            hasher.update(file.read_bytes())
    return hasher.hexdigest()


def _folder(package: str) -> Path:
    spec = find_spec(package)
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent


def digest(data: bytes) -> str:
    """SHA-256 in hex."""
    return hashlib.sha256(data).hexdigest()
