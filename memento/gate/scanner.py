"""G1: an external scanner: a command that gets a folder as its last argument and prints SARIF.

It is named in memento.toml, which is read from what has landed, never from a proposal. Its errors
refuse a change, its warnings ask a human, its notes are ignored. A scanner that breaks is an accident:
no verdict.
"""

import json
import shlex
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from memento.errors import SandboxError
from memento.gate.change import Answer, failed, indecisive, listed, passed
from memento.gate.exports import export_folder
from memento.types import Folder

SECONDS = 120


@dataclass(frozen=True, kw_only=True, slots=True)
class Scanner:
    """Runs `command FOLDER` without a shell, on the host, with an empty environment but PATH."""

    command: str
    path: str

    def __call__(self, name: str, folder: Folder) -> Answer:
        """PASS, FAIL or INDECISIVE on a skill's folder. SandboxError when the scanner itself broke."""
        with tempfile.TemporaryDirectory(prefix="memento-scan-") as temporary:
            target = Path(temporary) / name
            export_folder(target, folder)
            try:
                done = subprocess.run(
                    [*shlex.split(self.command), str(target)],
                    stdin=subprocess.DEVNULL,
                    capture_output=True,
                    env={"PATH": self.path, "LANG": "C.UTF-8"},
                    cwd=temporary,
                    timeout=SECONDS,
                    check=False,
                )
            except (OSError, subprocess.TimeoutExpired) as error:
                raise SandboxError(
                    f"the scanner of memento.toml cannot be run: {error}. Mend [gate] scanner, or remove it."
                ) from error
        return read(done.stdout)


def read(output: bytes) -> Answer:
    """The answer in a scanner's SARIF. SandboxError when it is none."""
    try:
        runs = json.loads(output)["runs"]
        found = [
            (_level(run, result), str(result["message"]["text"])) for run in runs for result in run["results"]
        ]
    except (ValueError, KeyError, TypeError) as error:
        raise SandboxError(
            f"the scanner of memento.toml did not print SARIF ({type(error).__name__}). Mend [gate] scanner."
        ) from error
    errors = [text for level, text in found if level == "error"]
    warnings = [text for level, text in found if level == "warning"]
    if errors:
        return failed(f"the scanner found: {listed(errors, 3)}")
    if warnings:
        return indecisive(f"the scanner warns, a human must agree: {listed(warnings, 3)}")
    return passed("the scanner found nothing")


def _level(run: dict[str, Any], result: dict[str, Any]) -> str:
    """A result's level, else its rule's, else "warning" (SARIF 2.1.0, 3.27.10)."""
    if "level" in result:
        return str(result["level"])
    rules = run.get("tool", {}).get("driver", {}).get("rules", [])
    for rule in rules:
        if rule.get("id") == result.get("ruleId"):
            return str(rule.get("defaultConfiguration", {}).get("level", "warning"))
    return "warning"
