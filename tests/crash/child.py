"""The process that is killed: it changes a library in every way there is, and says what was acknowledged.

    python -m tests.crash.child ROOT SEED [STEP NTH]

With STEP it kills itself when it reaches that step for the NTH time. Lines on standard output:

    proposed <id>      propose() has returned
    landed <sha>       land() has returned with this commit
    discarded <id>     land() has returned and the gate had said no
"""

import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from itertools import count
from pathlib import Path

from memento.changes import Disposition, GateReport, Proposal
from memento.errors import MementoError
from memento.journal import Journal
from memento.library import Library, land
from memento.library.reconcile import reconcile
from tests.library.changes import GREEN, RED, created, propose, rewritten

GATE_STEPS = ("export: before", "export: after", "journal: before", "journal: after")
"""What happens around the library: the gate's export, and the journal's line."""


def killer(step: str, nth: int) -> Callable[[str], None]:
    seen = count(1)

    def reached(name: str) -> None:
        if name == step and next(seen) == nth:
            os.kill(os.getpid(), signal.SIGKILL)

    return reached


def say(*words: str) -> None:
    os.write(1, (" ".join(words) + "\n").encode())


def work(root: Path, seed: str, reached: Callable[[str], None]) -> None:
    """A landing, a refused change, a file without a gate, and a landing on a main that has moved."""
    ids = count()
    library = Library.open(root, now=time.time, ids=lambda: f"{seed}-{next(ids)}", reached=reached)
    journal = Journal(path=library.state / "journal.db")
    library.recover()
    reconcile(library, journal)

    def finish(proposal: Proposal, answer: GateReport) -> None:
        def gate(_base: object, head: object) -> GateReport:
            reached("export: before")
            export = library.state / f"export-{proposal.id}"
            export.write_bytes(b"".join(file.data for file in head.folder(proposal.skill).values()))
            reached("export: after")
            return replace(answer, skill=proposal.skill, seconds=time.time())

        landing = land(
            library,
            proposal,
            gate,
            trailers=lambda report: {"Memento-Gate": f"{report.seconds}"},
            may_land=lambda *_: True,
            remember=lambda landing: journal.ideas.record(landing, episode=f"episode-{seed}"),
        )
        if landing.disposition is Disposition.LANDED:
            say("landed", str(landing.commit))
        elif landing.disposition is Disposition.DISCARDED:
            say("discarded", proposal.id)
        reached("journal: before")
        journal.ideas.record(landing, episode=f"episode-{seed}")
        reached("journal: after")

    def proposed(proposal: Proposal) -> Proposal:
        say("proposed", proposal.id)
        return proposal

    finish(proposed(propose(library, rewritten(library, "greeter", f"hello {seed}"))), GREEN)
    finish(proposed(propose(library, rewritten(library, "greeter", f"bye {seed}"))), RED)
    late = proposed(propose(library, created(f"skill-{seed}")))
    library.commit_files({"tips.md": f"- {seed}\n".encode()}, "tips", {})
    finish(late, GREEN)


def main(argv: list[str]) -> int:
    root, seed, *kill = argv
    reached = killer(kill[0], int(kill[1])) if kill else (lambda _step: None)
    try:
        work(Path(root), seed, reached)
    except MementoError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
