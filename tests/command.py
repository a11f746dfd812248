"""The command line in this process, to its last line: many times as fast as a process of its own.

For what does not hang on the process. A terminal, a signal and a death want a real one.
"""

import contextlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

from click.testing import CliRunner

from memento.cli.main import _run


@dataclass(frozen=True, kw_only=True)
class Ran:
    """How a command ended."""

    code: int
    out: str
    err: str

    def json(self):
        return json.loads(self.out)


def at_hand(*argv: object, cwd: Path, env: Mapping[str, str]) -> Ran:
    """Run it in that folder with that environment and no other, and with nobody at its terminal."""
    there, whole = contextlib.chdir(cwd), mock.patch.dict(os.environ, env, clear=True)
    with CliRunner().isolation() as (out, err, _), there, whole:
        code = _run([*map(str, argv)])
    return Ran(code=code, out=out.getvalue().decode(), err=err.getvalue().decode())
