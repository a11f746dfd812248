"""The demo: reproducible, honest about what it is, and with something to see."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from memento.assemble.demo import demo
from memento.evals.demo import Demo
from memento.evals.exercises import FAMILIES, battery, heldout, stream
from memento.evals.quality import true_quality
from memento.llm.simulated.reading import KINDS
from memento.sandbox.bubblewrap import Bubblewrap
from memento.types import File

pytestmark = pytest.mark.xdist_group("played")  # one test process plays the demo while the others go on

PATH = "/usr/sbin:/usr/bin:/sbin:/bin"


def play(root: Path, *, seed: int = 0, tasks: int | None = None) -> Demo:
    return demo(
        seed=seed,
        tasks=tasks,
        root=root,
        sandbox_kind="bubblewrap",
        environ={"PATH": PATH},
        tell=lambda _event: None,
    )


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Demo]:
    root = tmp_path_factory.mktemp("demo") / "library"
    return root, play(root)


@pytest.mark.real
def test_the_demo_lands_changes_refuses_harmful_ones_and_solves_more_at_first_attempt(played) -> None:
    summary = played[1].summary
    assert summary.simulated
    assert summary.landed >= 1
    assert summary.harmful_refused >= 1
    assert summary.harmful_landed == 0
    assert summary.heldout_after > summary.heldout_before
    fates = {row.outcome.split(":")[0] for row in summary.rows if row.outcome}
    assert fates == {"landed", "discarded"}


@pytest.mark.real
def test_the_same_seed_gives_the_same_table_and_the_same_commits(played, tmp_path) -> None:
    root, whole = played
    again = play(tmp_path / "a", tasks=3)
    count = len(again.summary.rows)
    assert again.summary.rows == whole.summary.rows[:count]
    assert again.summary.heldout_before == whole.summary.heldout_before
    commits = [
        commits_of(root),
        commits_of(tmp_path / "a"),
        commits_of(play_one_task(tmp_path / "b", seed=1)),
    ]
    assert set(commits[1]) <= set(commits[0]), "it is the beginning of the same history"
    assert len(commits[1]) > 3
    assert set(commits[2]) & set(commits[0]) <= {commits[0][-1]}


def play_one_task(root: Path, *, seed: int) -> Path:
    play(root, seed=seed, tasks=1)
    return root


def commits_of(root: Path) -> list[str]:
    """All commits of main, newest first."""
    command = ["git", "-C", str(root), "rev-list", "main"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()


@pytest.mark.real
def test_every_landing_of_the_demo_is_a_merge_with_its_reason_and_its_stamp(played) -> None:
    root, outcome = played
    log = subprocess.run(
        ["git", "-C", str(root), "log", "--first-parent", "--merges", "--format=%P|%(trailers:only)%x00"],
        capture_output=True,
        text=True,
        check=True,
        env={"PATH": PATH, "HOME": str(root)},
    ).stdout
    landings = [entry for entry in log.split("\0") if entry.strip()]
    assert len(landings) == outcome.summary.landed
    for entry in landings:
        assert len(entry.strip().split("|")[0].split()) == 2
        for key in ("Skill", "Task", "Episode", "Blame", "Gate: PASS", "Tests", "Model: SIMULATED", "Cost"):
            assert f"Memento-{key}" in entry


def test_no_heldout_task_is_in_the_stream() -> None:
    for seed in range(5):
        files = {data for exercise in stream(seed) for data in exercise.task.files.values()}
        assert not [e for e in heldout(seed) if files & set(e.task.files.values())]


def answers(kind: str) -> Callable[[frozenset[str]], float]:
    family, known = next(
        (family, k) for k in KINDS for family, _, traps in FAMILIES if k.skill == kind and
        set(traps) == {trap.name for trap in k.traps}
    )  # fmt: skip

    def quality(mends: frozenset[str]) -> float:
        folder = {
            "SKILL.md": File(data=b"x"),
            f"scripts/{known.script}": File(data=known.compose(mends).encode()),
        }
        return true_quality(kind, folder, battery(family, 1), Bubblewrap())

    return quality


@pytest.mark.real
@pytest.mark.parametrize("kind", [kind.skill for kind in KINDS])
def test_each_mend_adds_to_the_true_quality_and_all_of_them_reach_the_ceiling(kind) -> None:
    quality = answers(kind)
    names = next(frozenset(trap.name for trap in k.traps) for k in KINDS if k.skill == kind)
    assert quality(names) == 1.0
    for name in names:
        assert quality(frozenset()) < quality(names - {name}) < 1.0
