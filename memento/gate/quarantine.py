"""G3, quarantine: a test that cannot make up its mind decides nothing and is named for a human.

kept   in the journal under the content of its skill: whoever mends the test or the skill frees it
few    at most SHARE of the library's tests, one in any case; a change that needs more is refused
"""

import json
from collections.abc import Iterable, Mapping, Sequence

from memento.gate.change import Answer, failed, indecisive, listed
from memento.gate.view import View

SHARE = 0.02


def quarantined(view: View, skill: str) -> tuple[str, ...]:
    """The tests of a skill that were seen to differ on the content that it has in `view`."""
    return tuple(test.partition(": ")[2] for test in _held(view, [skill]))


def quarantine(view: View, found: Mapping[str, Sequence[str]], said: str) -> Answer:
    """Keep tests, by skill: INDECISIVE with what is `said` of them, FAIL when there are too many."""
    known = {name: {*quarantined(view, name), *tests} for name, tests in found.items()}
    view.journal.cache.remember(
        {_key(view, name): json.dumps(sorted(tests)) for name, tests in known.items()}
    )
    held, total = _held(view, view.names), sum(facts.tests for facts in view.facts(view.names).values())
    most = max(1, int(SHARE * total))
    if len(held) > most:
        return failed(f"{len(held)} of {total} tests are flaky, at most {most} may be: {listed(held)}")
    return indecisive(said)


def _held(view: View, skills: Iterable[str]) -> list[str]:
    keys = {_key(view, name): name for name in skills}
    kept = view.journal.cache.recall(keys)
    return sorted(f"{keys[key]}: {test}" for key, tests in kept.items() for test in json.loads(tests))


def _key(view: View, skill: str) -> str:
    return f"quarantine {skill} {view.content(skill)}"
