"""SIMULATED: a stand-in for a language model, for the demo and for tests of the loop. It says nothing
about any real model.

It implements the same seam, reads the very prompts that a model would be sent, and takes real tool
actions: it follows a command that the skill's text documents, and types something naive where there
is none. So its success depends on what the skill says. As a writer it knows the traps of its few
kinds of tasks (kinds.py), but it errs: a slip when it acts, a wrong blame, and rewrites that drop what
was there, mend the wrong thing, fit one file only, or fetch code from the network. The gate has to
refuse those; nothing marks them for it.

Seeded. `by_content` says on what its errors depend:

    False   on how often it was asked: the same requests in the same order get the same replies
    True    on the request alone, so that a run which was killed and goes on is answered as if it had not
"""

import hashlib
import json
from dataclasses import dataclass, field
from random import Random

from memento.errors import ModelError
from memento.llm.simulated import writers
from memento.llm.simulated.agent import act
from memento.llm.simulated.kinds import Temper
from memento.llm.simulated.reading import purpose_of
from memento.protocols import Reply, Request
from memento.types import Usage

STAMP = "SIMULATED"

_WRITERS = {
    "attribute": writers.attribute,
    "tip": writers.tip,
    "condense": writers.condense,
    "charter": writers.charter,
    "exam": writers.exam,
    "rewrite": writers.rewrite,
    "requests": writers.requests,
    "describe": writers.describe,
}


@dataclass(kw_only=True)
class SimulatedModel:
    """Implements `memento.protocols.Model`. Not for answers: `memento run` never uses it."""

    seed: int
    temper: Temper = Temper()
    by_content: bool = False
    _calls: dict[str, int] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return f"{STAMP} (seed {self.seed})"

    def complete(self, request: Request) -> Reply:
        """A reply to a prompt of Memento's; raises ModelError for a purpose that it does not know."""
        system = "\n".join(m.content for m in request.messages if m.role == "system")
        prompt = "\n".join(m.content for m in request.messages if m.role == "user")
        purpose = request.purpose or purpose_of(system)  # the purpose is not on the wire
        rng = Random(f"{self.seed} {purpose} {self._key(request, purpose)}")
        usage = Usage(calls=1, input_tokens=(len(system) + len(prompt)) // 4, output_tokens=50)
        if purpose == "act":
            return act(system, prompt, request.messages, self.temper, rng, usage)
        writer = _WRITERS.get(purpose)
        if writer is None:
            raise ModelError(f"the simulated model cannot do {purpose!r}")
        return Reply(text=json.dumps(writer(prompt, self.temper, rng)), usage=usage)

    def _key(self, request: Request, purpose: str) -> str:
        if self.by_content:
            said = json.dumps([[m.role, m.content] for m in request.messages])
            return hashlib.sha256(said.encode()).hexdigest()
        self._calls[purpose] = self._calls.get(purpose, 0) + 1
        return str(self._calls[purpose])
