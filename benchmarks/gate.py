"""The gate, measured: `python benchmarks/gate.py [--json] [--only NAME]`, and how it rules on edits:
`python benchmarks/gate.py --bad-edits [--collection DIR] [--json]`.

    one_changed_235_s           one changed skill in a library of 235, `memento gate --base --head`, median
    regate_235_s                the whole library again, nothing changed since it passed, median
    one_changed_10000_s         one changed skill in a library of 10,000
    full_speedup_vs_process_per_skill
                                a full gate of 235 skills, nothing known: test files together, a fork for
                                each, three runs of each (twice, and on the emptied skill); against the
                                same steps with a fresh pytest process in a sandbox of its own for each
                                of those runs. Each side has two processes at a time and does all that
                                the gate does (custody to neighbours). The latter is timed on every fifth
                                skill and scaled; the verdicts, evidence and tests of those must be the
                                same on both sides, or the benchmark ends

    false_accepts, false_rejects    edits that passed and should not, and the other way round
    bad, good                       how many of each the collection has

Times are those of a person at a prompt: the whole command, with the start of Python.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from memento.assemble.ambience import Ambience
from memento.assemble.gates import gate_of
from memento.changes import GateReport
from memento.config import load
from memento.gate.gate import TestGate
from memento.gate.many import LibraryGate
from memento.journal import Journal
from memento.library.worktree import WorkTreeSnapshot
from memento.sandbox.select import choose
from memento.testing.edits import Ruling, edits

COLLECTION = Path(__file__).resolve().parent.parent / "tests" / "gate" / "bad_edits"
ROUNDS = 5
WORDS = (
    *("ledger", "invoice", "greeting", "calendar", "recipe", "weather", "parcel", "passport", "garden"),
    *("concert", "museum", "bicycle", "harbour", "lecture", "orchestra", "pharmacy", "railway", "stadium"),
    *("theatre", "voucher", "warehouse", "yoga", "zoo", "archive", "balcony"),
)
VERBS = (
    "count",
    "sort",
    "check",
    "summarise",
    "translate",
    "compare",
    "store",
    "plan",
    "describe",
    "measure",
)


@dataclass(frozen=True, kw_only=True)
class Made:
    """A library in git with two commits: one skill differs."""

    root: Path
    before: str
    after: str


def files_of(number: int, *, changed: bool = False) -> dict[str, str]:
    """A small skill with one script and two tests; no two of them are about the same thing."""
    verb, word = VERBS[number % len(VERBS)], WORDS[number // len(VERBS) % len(WORDS)]
    name = f"{verb}-{word}-{number}"
    version, step = ("1.0.1", number + 1) if changed else ("1.0.0", number)
    folder = f"skills/{name}"
    script = f"import sys\n\nprint(int(sys.argv[1]) + {number})\n"
    test = (
        f'QUERIES = ("{verb.capitalize()} the {word} of case {number}",)\n\n\n'
        "def test_the_case_is_added(run_script):\n"
        f'    assert run_script("scripts/add.py", "1").stdout == "{number + 1}\\n"\n\n\n'
        "def test_the_script_is_named(skill):\n"
        '    assert "scripts/add.py" in skill.body\n'
    )
    if changed:
        script = f"import sys\n\nprint(sum(map(int, sys.argv[1:])) + {number})\n"
        test += (
            "\n\ndef test_several_cases_are_added(run_script):\n"
            f'    assert run_script("scripts/add.py", "1", "2").stdout == "{number + 3}\\n"\n'
        )
    document = (
        f"---\nname: {name}\ndescription: {verb.capitalize()} the {word} of case {number}. Use when a "
        f'{word} is to be looked at.\nmetadata:\n  memento-version: "{version}"\n---\n\n# {word}\n\n'
        f"Run `python3 /skill/scripts/add.py N`. `scripts/add.py` adds case {number}; step {step}.\n"
    )
    test_name = f"skill_tests/test_{name.replace('-', '_')}.py"
    return {f"{folder}/SKILL.md": document, f"{folder}/scripts/add.py": script, test_name: test}


def make_library(root: Path, size: int) -> Made:
    """A library of `size` skills, written as objects: a checkout of 10,000 would measure the disk."""
    root.mkdir(parents=True)
    git(root, "init", "-q", "-b", "main")
    stream = bytearray()
    for commit, numbers in ((1, range(size)), (2, (size // 2,))):
        message = b"A library" if commit == 1 else b"One skill differs"
        stream += b"commit refs/heads/main\nmark :%d\ncommitter B <b@example.org> %d +0000\n" % (
            commit,
            commit,
        )
        stream += b"data %d\n%b\n" % (len(message), message)
        if commit == 2:
            stream += b"from :1\n"
        for number in numbers:
            for path, text in files_of(number, changed=commit == 2).items():
                data = text.encode()
                stream += b"M 100644 inline %b\ndata %d\n%b\n" % (path.encode(), len(data), data)
    subprocess.run(["git", "fast-import", "--quiet"], cwd=root, input=bytes(stream), check=True)
    return Made(root=root, before=git(root, "rev-parse", "main~1"), after=git(root, "rev-parse", "main"))


def git(root: Path, *argv: str) -> str:
    return subprocess.run(["git", *argv], cwd=root, check=True, capture_output=True, text=True).stdout.strip()


def command(made: Made, *argv: str, expect: int = 0) -> float:
    """Seconds that `memento gate ARGV` takes there."""
    start = time.perf_counter()
    done = subprocess.run(
        [str(Path(sys.executable).with_name("memento")), "gate", "--library", str(made.root), *argv],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "NO_COLOR": "1"},
    )
    taken = time.perf_counter() - start
    if done.returncode != expect:
        sys.exit(f"memento gate {' '.join(argv)} ended with {done.returncode}:\n{done.stderr[-3000:]}")
    return taken


def one_changed(made: Made, *, rounds: int = ROUNDS) -> float:
    """Median; every round starts with nothing known of the change."""
    times = []
    for _ in range(rounds):
        for journal in (made.root / ".memento").glob("journal.db*"):
            journal.unlink()
        times.append(command(made, "--base", made.before, "--head", made.after))
    return statistics.median(times)


def regate(made: Made) -> float:
    """Median over gates of an unchanged library; one in twenty checks the cache; the median does not."""
    command(made, "--head", made.after)
    return statistics.median(command(made, "--head", made.after) for _ in range(ROUNDS))


def full_speedup(made: Made) -> float:
    """Both with two processes at a time and nothing known."""
    git(made.root, "checkout", "-q", "--force", made.after)
    head = WorkTreeSnapshot(root=made.root)
    with fresh_gate() as gate:
        library_gate = LibraryGate(gate=gate)
        names = library_gate.there(head)
        start = time.perf_counter()
        reports = {report.skill: said(report) for report in library_gate(head, head, names)}
        whole = time.perf_counter() - start
    some = names[::5]
    with fresh_gate() as gate:
        start = time.perf_counter()
        alone = {name: said(gate(skill=name, base=head, head=head, exam=None)) for name in some}
        each = (time.perf_counter() - start) * len(names) / len(some)
    if alone != {name: reports[name] for name in some}:
        sys.exit("the two ways of running do not agree")
    return each / whole


def said(report: GateReport) -> tuple[object, ...]:
    """All of a report but its times."""
    steps = tuple((step.name, step.outcome, step.detail) for step in report.steps)
    return report.outcome, report.evidence, report.tests, steps


@contextmanager
def fresh_gate() -> Iterator[TestGate]:
    """A gate that knows nothing yet."""
    with tempfile.TemporaryDirectory() as temporary:
        yield gate_of(
            choose("auto", os.environ),
            Journal(path=Path(temporary) / "journal.db"),
            Ambience(chance=lambda: 1.0),
            config=load("", {}),
            environ=os.environ,
        )


def speeds(only: str | None) -> dict[str, float]:
    with tempfile.TemporaryDirectory(prefix="memento-bench-") as temporary:
        small = make_library(Path(temporary) / "small", 235)
        measures: dict[str, Callable[[], float]] = {
            "one_changed_235_s": lambda: one_changed(small),
            "regate_235_s": lambda: regate(small),
            "one_changed_10000_s": lambda: one_changed(
                make_library(Path(temporary) / "large", 10_000), rounds=3
            ),
            "full_speedup_vs_process_per_skill": lambda: full_speedup(small),
        }
        return {name: round(measure(), 3) for name, measure in measures.items() if only in (None, name)}


def rule(collection: Path, gate: TestGate, told: Callable[[Ruling], None]) -> Sequence[Ruling]:
    """The gate's ruling on every edit of a collection."""
    rulings = []
    for edit in edits(collection):
        start = time.perf_counter()
        reports = edit.judge(gate)
        ruling = Ruling(edit=edit, reports=reports, seconds=time.perf_counter() - start)
        told(ruling)
        rulings.append(ruling)
    return rulings


def rule_all(collection: Path) -> dict[str, object]:
    """The counts, with the names of the edits that were ruled wrongly."""

    def told(ruling: Ruling) -> None:
        mark = "  " if ruling.passed == ruling.edit.good else "!!"
        other = "  (for another reason)" if ruling.for_another_reason else ""
        word = "passed" if ruling.passed else f"refused: {ruling.reasons[:150]}"
        print(f"{mark} {ruling.edit.name:36} {ruling.seconds:5.1f} s  {word}{other}", file=sys.stderr)

    with fresh_gate() as gate:
        rulings = rule(collection, gate, told)
    accepted = [r.edit.name for r in rulings if r.passed and not r.edit.good]
    rejected = [r.edit.name for r in rulings if r.edit.good and not r.passed]
    return {
        "false_accepts": len(accepted),
        "false_rejects": len(rejected),
        "bad": sum(not r.edit.good for r in rulings),
        "good": sum(r.edit.good for r in rulings),
        "for_another_reason": [r.edit.name for r in rulings if r.for_another_reason],
        "accepted": accepted,
        "rejected": rejected,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--only", help="one of the measures")
    parser.add_argument("--bad-edits", action="store_true")
    parser.add_argument("--collection", type=Path, default=COLLECTION)
    arguments = parser.parse_args()
    found = rule_all(arguments.collection) if arguments.bad_edits else speeds(arguments.only)
    if arguments.json:
        print(json.dumps(found, indent=2))
    else:
        for name, value in found.items():
            print(f"{name:36} {value}")
    if arguments.bad_edits and (found["false_accepts"] or found["false_rejects"]):
        sys.exit(1)


if __name__ == "__main__":
    main()
