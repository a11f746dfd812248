"""What the simulated model knows of the world: kinds of tasks, and the traps in each.

A kind has a script with a list of mends, and one mend per trap. A script without the mend for a
trap gives a wrong answer on files that hold it; that is all there is to a skill's quality here, so
every skill text has a true quality that a script run can measure.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Habit(StrEnum):
    """What the simulated rewriter does with a lesson."""

    MENDS = "mends what failed"
    DROPS = "mends what failed and drops something that worked"
    MISSES = "mends something else"
    OVERFITS = "answers for one file only"
    FETCHES = "mends what failed and fetches code from the network"


def _usual_habits() -> dict[Habit, float]:
    return {
        Habit.MENDS: 0.55,
        Habit.DROPS: 0.18,
        Habit.MISSES: 0.09,
        Habit.OVERFITS: 0.09,
        Habit.FETCHES: 0.09,
    }


@dataclass(frozen=True, kw_only=True)
class Temper:
    """How often the simulated model errs; probabilities and weights."""

    slip: float = 0.06
    """The agent misreads a result: a fault of the model, which must teach nothing."""
    wrong_blame: float = 0.1
    """Attribution blames the model although the skill is at fault."""
    habits: Mapping[Habit, float] = field(default_factory=_usual_habits)


FLAWLESS = Temper(slip=0.0, wrong_blame=0.0, habits={Habit.MENDS: 1.0})
"""A control: whoever learns with it must reach the ceiling."""


@dataclass(frozen=True, kw_only=True)
class Trap:
    """Something in the data that a plain script gets wrong."""

    name: str
    """Also the name of the function that mends it."""
    label: str
    """In words, for an idea."""
    symptom: re.Pattern[str]
    """How it shows in a file that one looks at."""
    mend: str
    """Source of the function that mends it."""
    rule: str
    """What the skill's instructions say of it."""
    test: str
    """A pytest function body that is red without the mend."""


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A family of tasks that one skill can serve."""

    skill: str
    description: str
    asks: re.Pattern[str]
    """Recognises a task of this kind."""
    hint: str
    """What to look out for, in words for a tip."""
    script: str
    """File name under scripts/."""
    usage: str
    """Arguments as the documentation writes them: FILE stands for the task's file."""
    source: str
    """The script, with FUNCTIONS and NAMES to be filled in."""
    naive: str
    """What one types without a skill; FILE stands for the task's file."""
    basics: str
    """A pytest function body that holds for every version of the script."""
    traps: tuple[Trap, ...]

    def compose(self, mends: frozenset[str]) -> str:
        """The script with the mends of the named traps."""
        chosen = [trap for trap in self.traps if trap.name in mends]
        functions = "".join(f"\n\n{trap.mend.strip()}\n" for trap in chosen)
        names = ", ".join(trap.name for trap in chosen)
        return self.source.strip().replace("FUNCTIONS", functions.strip("\n")).replace("NAMES", names) + "\n"

    def mends_in(self, source: str) -> frozenset[str]:
        """Names of the traps that a script mends."""
        return frozenset(trap.name for trap in self.traps if f"def {trap.name}(" in source)

    def document(self, mends: frozenset[str]) -> str:
        """The skill's body: the command to run, and what it takes care of."""
        rules = "".join(f"- {trap.rule}\n" for trap in self.traps if trap.name in mends)
        return (
            f"# {self.skill.replace('-', ' ').capitalize()}\n\n"
            "Look at the first lines of the file, then run the script and answer with its last line.\n\n"
            f"```sh\npython3 /skill/scripts/{self.script} {self.usage}\n```\n"
            + (f"\n## What the script takes care of\n\n{rules}" if rules else "")
        )
