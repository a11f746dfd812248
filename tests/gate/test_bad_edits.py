"""Every edit of the collection is ruled as it deserves, for the reason that it deserves."""

import secrets
import time
from pathlib import Path

import pytest

from memento.gate.gate import TestGate
from memento.gate.harness import Harness
from memento.gate.routes import Routes
from memento.journal import Journal
from memento.route import TantivyRouter
from memento.sandbox.bubblewrap import Bubblewrap
from memento.testing.edits import Edit, Ruling, edits

pytestmark = [pytest.mark.real, pytest.mark.xdist_group("bad_edits")]

EDITS = tuple(edits(Path(__file__).parent / "bad_edits"))
ROUTER = TantivyRouter()


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory) -> TestGate:
    """One for all edits: what they share is run once."""
    harness = Harness(
        sandbox=Bubblewrap(),
        journal=Journal(path=tmp_path_factory.mktemp("state") / "journal.db"),
        new_word=lambda: secrets.token_hex(16),
    )
    routes = Routes(router=lambda text, snapshot: ROUTER.route(text, snapshot).skill)
    return TestGate(harness=harness, clock=time.monotonic, routes=routes)


@pytest.mark.parametrize("edit", EDITS, ids=lambda edit: edit.name)
def test_an_edit_is_ruled_as_it_deserves(gate: TestGate, edit: Edit) -> None:
    ruling = Ruling(edit=edit, reports=edit.judge(gate))
    assert (ruling.passed, ruling.for_another_reason) == (edit.good, False), ruling.reasons


def test_the_collection_is_large_enough() -> None:
    good = sum(edit.good for edit in EDITS)
    assert (len(EDITS) - good >= 40, good >= 15) == (True, True)
