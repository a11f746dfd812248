"""SIMULATED: a stand-in for a language model, for the demo and for tests of the loop. It says nothing
about any real model.

It implements the same seam, reads the very prompts that a model would be sent, and takes real tool
actions: it follows a command that the skill's text documents, and types something naive where there
is none. So its success depends on what the skill says. As a writer it knows the traps of its few
kinds of tasks (kinds.py), but it errs: a slip when it acts, a wrong blame, and rewrites that drop what
was there, mend the wrong thing, fit one file only, or fetch code from the network. The gate has to
refuse those; nothing marks them for it.

Seeded: the same requests in the same order get the same replies.
"""

import json
from dataclasses import dataclass, field
from random import Random

from memento.errors import ModelError
from memento.llm.simulated import writers
from memento.llm.simulated.agent import act
from memento.llm.simulated.kinds import Temper
from memento.protocols import Reply, Request
from memento.types import Usage

STAMP = "SIMULATED"

_WRITERS = {
    "attribute": writers.attribute,
    "tip": writers.tip,
    "charter": writers.charter,
    "exam": writers.exam,
    "rewrite": writers.rewrite,
}


@dataclass(kw_only=True)
class SimulatedModel:
    """Implements `memento.protocols.Model`. Not for answers: `memento run` never uses it."""

    seed: int
    temper: Temper = Temper()
    _calls: dict[str, int] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return f"{STAMP} (seed {self.seed})"

    def complete(self, request: Request) -> Reply:
        """A reply to a prompt of Memento's; raises ModelError for a purpose that it does not know."""
        system = "\n".join(m.content for m in request.messages if m.role == "system")
        prompt = "\n".join(m.content for m in request.messages if m.role == "user")
        count = self._calls[request.purpose] = self._calls.get(request.purpose, 0) + 1
        rng = Random(f"{self.seed} {request.purpose} {count}")
        usage = Usage(calls=1, input_tokens=(len(system) + len(prompt)) // 4, output_tokens=50)
        if request.purpose == "act":
            return act(system, prompt, request.messages, self.temper, rng, usage)
        writer = _WRITERS.get(request.purpose)
        if writer is None:
            raise ModelError(f"the simulated model cannot do {request.purpose!r}")
        return Reply(text=json.dumps(writer(prompt, self.temper, rng)), usage=usage)
