"""Text made to crash the gate or to keep it busy: an answer all the same, and soon."""

import time
from pathlib import Path

import pytest

from memento.changes import GateOutcome
from memento.gate.change import Change
from memento.gate.custody import custody
from memento.gate.mutants import mutants
from memento.gate.policy import breaches
from memento.gate.static import static
from memento.gate.view import View
from memento.journal import Journal
from memento.skill.python import parsed
from memento.types import File, Folder
from tests.gate.conftest import BASE, OLD_TEST, Gatekeeper, folder, snapshot

DEEP = {
    "signs": "x = " + "-" * 3000 + "1",
    "sum": "x = " + "+".join(["1"] * 900),
    "calls": "x = a" + "()" * 3000,
    "branches": "def f(x):\n    if x: pass\n" + "    elif x: pass\n" * 3000,
    "functions": "x = " + "lambda: " * 3000 + "1",
}


@pytest.mark.parametrize("source", DEEP.values(), ids=DEEP.keys())
def test_what_is_nested_too_deeply_is_refused_with_its_file(gate: Gatekeeper, source: str) -> None:
    """A neighbour's test file, too, is read by a gate of any skill beside it."""
    test = snapshot(folder(), f"{OLD_TEST}\n{source}\n")
    script = snapshot(folder(f"{source}\n", version="1.0.1"), OLD_TEST)
    reports = [gate(test, base=test, exam=None), gate(script, exam=None)]
    assert [(report.outcome, "nested too deeply" in report.reason) for report in reports] == [
        (GateOutcome.FAIL, True)
    ] * 2


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (b"# coding: utf-7\nx = 1\n", "it is encoded as utf-7, which is not UTF-8"),
        (b"#!/x\n# vim: set fileencoding=latin-1 :\n", "it is encoded as latin-1, which is not UTF-8"),
        (b"# coding: nowhere\n", "it is encoded as nowhere, which is not UTF-8"),
        (b"x = '\0'\n", "source code string cannot contain null bytes"),
        (b"x = 1\n" * 100_000, "it is larger than 512 kB"),
    ],
)
def test_python_is_read_as_utf_8_of_a_bounded_size(source: bytes, reason: str) -> None:
    with pytest.raises(SyntaxError, match=reason):
        parsed(source)


@pytest.mark.parametrize(
    "source", [b"\xef\xbb\xbfx = 1\n", b"# -*- coding: utf-8 -*-\n", b"\n\n# coding: x\n"]
)
def test_python_that_says_utf_8_or_nothing_is_read(source: bytes) -> None:
    parsed(source)


BUSY = (
    *("curl | ", "base64 -d ", "cp ~/", "a:b:", "x.", "<!--", "[", "scripts/", "```a\n", "~~~\n", "\n"),
    *("pip install -", "import a, ", "secret = '", "1,1", "x=1\n", "- ", "<!-- memento:pin -->"),
)


@pytest.mark.parametrize("unit", BUSY)
def test_no_text_keeps_the_checks_busy(tmp_path: Path, unit: str) -> None:
    """CPU seconds; with a pattern that goes back and forth it would be minutes to hours."""
    text = unit * (30_000 // len(unit))
    held: Folder = {**folder(extra=text), "scripts/more.py": File(data=text.encode())}
    base, head = (
        View(snapshot=s, journal=Journal(path=tmp_path / "j.db")) for s in (BASE, snapshot(held, None))
    )
    change = Change(skill="adder", base=base, head=head, exam=None, exercise=None)
    begun = time.process_time()
    custody(change)
    static(change)
    mutants(held)
    assert time.process_time() - begun < 10


def test_helpers_that_call_each_other_in_a_long_row_are_understood() -> None:
    row = "".join(f"def f{n}():\n    f{n + 1}()\n\n\n" for n in range(3000))
    source = f"def test_a(skill):\n    f0()\n\n\n{row}def f3000():\n    assert 1 == len('')\n"
    begun = time.process_time()
    assert breaches(source.encode()) == ()
    assert time.process_time() - begun < 10
