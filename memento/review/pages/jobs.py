"""Approvals on their way: the gate takes its time, so it runs beside the server, one at a time.

What a person is told of one stays until they do the next thing to that proposal.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from memento.changes import Disposition, GateStep, Landing
from memento.errors import MementoError

Approve = Callable[[Callable[[GateStep], None]], Landing]
"""Lands or refuses a change, and tells each step of the gate to what it is handed."""


@dataclass(kw_only=True)
class Job:
    """One approval. `said` is its result in a sentence, "" until it is done."""

    proposal: str
    steps: list[str] = field(default_factory=list)
    said: str = ""

    def hear(self, step: GateStep) -> None:
        self.steps.append(f"{step.name}: {step.outcome.upper()}, {step.detail}")

    def run(self, approve: Approve) -> None:
        said = "The approval broke off; the terminal that serves these pages says why."
        try:
            said = sentence(approve(self.hear))
        except MementoError as error:
            said = str(error)
        finally:
            self.said = said


@dataclass(kw_only=True)
class Jobs:
    """Those of one server."""

    _known: dict[str, Job] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _thread: threading.Thread | None = None

    def start(self, proposal: str, approve: Approve) -> bool:
        """False when another approval is on its way."""
        with self._lock:
            if self._thread is not None and self._thread.is_alive():
                return False
            job = self._known[proposal] = Job(proposal=proposal)
            # A daemon: the landing survives being killed, so the end of the server need not wait.
            self._thread = threading.Thread(target=job.run, args=(approve,), daemon=True)
            self._thread.start()
            return True

    def of(self, proposal: str) -> Job | None:
        """The last job of a proposal."""
        with self._lock:
            return self._known.get(proposal)

    def tell(self, proposal: str, said: str) -> None:
        """Something else was done to a proposal: this is what there is to say now."""
        with self._lock:
            self._known[proposal] = Job(proposal=proposal, said=said)

    def busy(self, proposal: str) -> bool:
        job = self.of(proposal)
        return job is not None and not job.said


def sentence(landing: Landing) -> str:
    """What became of an approval."""
    if landing.disposition is Disposition.LANDED and landing.commit is not None:
        note = f" {landing.note[:1].upper()}{landing.note[1:].rstrip('.')}." if landing.note else ""
        return f"Landed on main as {landing.commit[:10]}.{note}"
    return f"Not landed. {landing.report.reason}"
