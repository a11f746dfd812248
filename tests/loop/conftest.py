"""Two libraries that tests start from, made once and copied.

world    the starter library, where nothing has happened
grown    one that has learned `ledger-totals` from a ledger with thousands separators, and passed with it

Copies know the test runs that passed when the second was made, as any library does that the gate has
seen before: what the gate does without them is tested in tests/gate.
"""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from memento.assemble.ambience import repeatable
from memento.journal import Journal
from memento.library import Library
from tests.loop.worlds import World, exercise

Make = Callable[..., World]


@pytest.fixture(scope="session")
def kept(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Both libraries as they are before any test."""
    folder, ambience = tmp_path_factory.mktemp("loop"), repeatable(0)
    fresh, grown = folder / "fresh", folder / "grown"
    library = Library.init(fresh, now=ambience.now, ids=ambience.new_id, durable=False)
    shutil.copytree(fresh, grown)
    here = World(grown, ambience)
    here.solve(exercise("thousands"))
    with here.loop.journal.database.transaction() as db:
        runs = dict(db.execute("select key, value from runs").fetchall())
    Journal(path=library.state / "journal.db").cache.remember(runs)
    return fresh, grown


def _maker(start: Path, tmp_path: Path, seed: int) -> Make:
    def make(*temper: object, **flags: object) -> World:
        shutil.copytree(start, tmp_path / "library")
        return World(tmp_path / "library", repeatable(seed), *temper, **flags)

    return make


@pytest.fixture
def world(kept: tuple[Path, Path], tmp_path: Path) -> Make:
    return _maker(kept[0], tmp_path, 1)


@pytest.fixture
def grown(kept: tuple[Path, Path], tmp_path: Path) -> Make:
    return _maker(kept[1], tmp_path, 1)
