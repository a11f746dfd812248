"""The loop: what one failure changes, and everything that must change nothing.

The model is simulated and flawless unless a test says otherwise; git, sandbox, pytest runs and the
journal are real.
"""

import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from memento.assemble.ambience import repeatable
from memento.assemble.loops import loop_of
from memento.changes import Disposition, Exam, Landing, Pass, Rewrite
from memento.config import Config, load
from memento.errors import ModelError, SandboxError
from memento.evals.exercises import dates, ledger, lines_of
from memento.journal import Remark
from memento.library import Library
from memento.llm.simulated.dates import DATES
from memento.llm.simulated.kinds import FLAWLESS, Habit, Temper
from memento.llm.simulated.model import SimulatedModel
from memento.loop import Event, Loop
from memento.protocols import Reply, Request, Snapshot
from memento.sandbox.bubblewrap import Bubblewrap
from memento.skill import new
from memento.types import Episode, Exercise, Fault, Result, Scorer, Stop, Utility

pytestmark = pytest.mark.real


class Recorder:
    """The simulated model, with all requests kept and an interception of some."""

    def __init__(self, temper: Temper = FLAWLESS, seed: int = 0) -> None:
        self._model = SimulatedModel(seed=seed, temper=temper)
        self.requests: list[Request] = []
        self.before: Callable[[Request], Reply | None] = lambda _request: None

    @property
    def name(self) -> str:
        return self._model.name

    def complete(self, request: Request) -> Reply:
        self.requests.append(request)
        return self.before(request) or self._model.complete(request)

    def purposes(self) -> list[str]:
        return [request.purpose for request in self.requests]


class World:
    """A fresh library, a learner over it, and everything it told."""

    def __init__(self, root: Path, model: Recorder, config: Config) -> None:
        self.model = model
        self.told: list[Event] = []
        ambience = repeatable(0)
        self.library = Library.init(root, now=ambience.now, ids=ambience.new_id, durable=False)
        self.loop: Loop = loop_of(
            config=config,
            environ=os.environ,
            library=self.library,
            model=model,
            sandbox=Bubblewrap(),
            ambience=ambience,
            tell=self.told.append,
        )

    def solve(self, exercise: Exercise) -> list[Episode]:
        return list(self.loop.solve(exercise))

    def heard(self, kind: type) -> list:
        return [event for event in self.told if isinstance(event, kind)]

    def refs(self) -> dict[str, str]:
        lines = self.library.git("for-each-ref", "--format=%(refname) %(objectname)").decode().splitlines()
        return dict(line.split(" ", 1) for line in lines)

    def skills(self) -> dict[str, str]:
        """Everything below skills/ and skill_tests/: tips may be committed beside it."""
        entries = self.library.at().entries()
        return {path: entry for path, entry in entries.items() if path.startswith("skill")}

    def landings(self) -> list[Disposition]:
        return [landing.disposition for landing in self.heard(Landing)]


@pytest.fixture
def world(tmp_path: Path) -> Callable[..., World]:
    def make(temper: Temper = FLAWLESS, **flags: object) -> World:
        settings = {("loop", key): value for key, value in flags.items()}
        # By words alone, as in the demo: what an embedder takes for near is no matter of the loop.
        settings["route", "embedder"] = "words"
        return World(tmp_path / "library", Recorder(temper), load("", {}, settings))

    return make


def exercise(*traps: str, number: int = 1) -> Exercise:
    return ledger(Random(number), f"ledger-{number:02}", traps)


def reply(**fields: object) -> Reply:
    return Reply(text=json.dumps(fields))


def test_a_failure_without_a_skill_creates_one_and_the_retry_succeeds(world):
    here = world()
    episodes = here.solve(exercise("thousands"))
    assert [(e.attempt, e.verdict.result, e.route.skill) for e in episodes] == [
        (0, Result.FAILED, None),
        (1, Result.PASSED, "ledger-totals"),
    ]
    assert here.landings() == [Disposition.LANDED]
    assert "ledger-totals" in here.library.at().names()


def test_a_failure_of_a_skill_mends_it_and_the_retry_succeeds(world):
    here = world()
    here.solve(exercise("thousands"))
    first = here.library.at().skill("ledger-totals")
    episodes = here.solve(exercise("parentheses", number=2))
    second = here.library.at().skill("ledger-totals")
    assert [e.verdict.result for e in episodes] == [Result.FAILED, Result.PASSED]
    assert (first.version, second.version) == ("0.1.0", "0.1.1")
    assert "`(45.10)`, is negative" in second.body


def test_what_was_learned_serves_the_first_attempt_at_a_later_task(world):
    here = world()
    here.solve(exercise("thousands"))
    assert [e.verdict.result for e in here.solve(exercise("thousands", number=5))] == [Result.PASSED]


def test_a_landing_is_a_merge_commit_that_says_why(world):
    here = world()
    episodes = here.solve(exercise("thousands"))
    entry = here.library.log("ledger-totals", 1)[0]
    assert len(here.library.git("rev-list", "--parents", "-1", entry.sha).split()) == 3
    wanted = {
        "Memento-Skill": "ledger-totals",
        "Memento-Task": "ledger-01",
        "Memento-Episode": episodes[0].id,
        "Memento-Model": "SIMULATED (seed 0)",
        "Memento-Gate": "PASS E1",
    }
    assert {key: entry.trailers[key] for key in wanted} == wanted
    assert entry.trailers["Memento-Blame"].startswith("routing: ")


def test_the_exam_is_frozen_before_the_rewrite_exists_and_the_rewriter_never_sees_it(world):
    here = world()
    here.solve(exercise("thousands"))
    kinds = [type(event) for event in here.told if isinstance(event, Exam | Rewrite | Landing)]
    assert kinds == [Exam, Rewrite, Landing]
    exam = here.heard(Exam)[0]
    rewrites = [r for r in here.model.requests if r.purpose == "rewrite"]
    assert len(rewrites) == 1
    for name in exam.new_tests:
        assert name not in str(rewrites)
    assert "def test_" not in str(rewrites)


def test_no_prompt_but_the_judges_may_hold_the_gold_answer(world):
    here = world()
    base = exercise("thousands")
    planted = Exercise(task=base.task, gold=replace(base.gold, answer="31415926.53"))
    here.solve(planted)
    assert {"act", "attribute", "charter", "exam", "rewrite"} <= set(here.model.purposes())
    assert [r.purpose for r in here.model.requests if "31415926" in str(r)] == []


def test_a_rewrite_that_speaks_of_the_failing_task_is_not_even_proposed(world):
    here = world(Temper(slip=0, wrong_blame=0, habits={Habit.OVERFITS: 1.0}), rounds=0)
    before = here.refs()
    here.solve(exercise("thousands"))
    asked = [r for r in here.model.requests if r.purpose == "rewrite"]
    assert len(asked) == 2, "it was told why, and asked once more"
    assert "special to this task" in asked[1].messages[-1].content
    assert here.heard(Pass) == [Pass(stage="rewrite")]
    assert [ref for ref in here.refs() if ref not in before] == []


def test_a_harmful_rewrite_is_refused_leaves_no_ref_and_is_remembered(world):
    here = world(Temper(slip=0, wrong_blame=0, habits={Habit.FETCHES: 1.0}), rounds=0)
    before = here.refs()
    here.solve(exercise("thousands"))
    assert here.landings() == [Disposition.DISCARDED]
    assert [ref for ref in here.refs() if ref not in before] == []
    assert here.library.at().skill("ledger-totals") is None
    assert len(here.loop.journal.ideas.rejected("ledger-totals")) == 1


def test_a_rewrite_that_drops_an_old_rule_is_refused(world):
    here = world(rounds=0)
    here.solve(exercise("thousands"))
    here.model._model.temper = Temper(slip=0, wrong_blame=0, habits={Habit.DROPS: 1.0})
    tree = here.library.at().skill("ledger-totals").tree
    here.solve(exercise("parentheses", number=2))
    assert here.landings() == [Disposition.LANDED, Disposition.DISCARDED]
    assert here.heard(Landing)[-1].report.reason.startswith("stay-green: red on the candidate: test_")
    assert here.library.at().skill("ledger-totals").tree == tree


def test_a_refused_idea_is_told_to_the_next_rewriter_and_not_tried_again(world):
    here = world(Temper(slip=0, wrong_blame=0, habits={Habit.FETCHES: 1.0}), rounds=2)
    here.solve(exercise("thousands"))
    ideas = [rewrite.idea for rewrite in here.heard(Rewrite)]
    assert len(ideas) == len(set(ideas)) == 3
    last = [r for r in here.model.requests if r.purpose == "rewrite"][-1]
    assert all(idea in str(last) for idea in ideas[:-1])


def test_a_discarded_proposal_changes_no_utility(world):
    here = world(rounds=0)
    here.solve(exercise("thousands"))
    here.solve(exercise("thousands", number=3))
    tree = here.library.at().skill("ledger-totals").tree
    here.model._model.temper = Temper(slip=0, wrong_blame=0, habits={Habit.FETCHES: 1.0})
    before = here.loop.journal.utility("ledger-totals", tree)
    here.solve(exercise("parentheses", number=2))
    after = here.loop.journal.utility("ledger-totals", tree)
    assert before == Utility(successes=1)
    assert after == Utility(successes=1, failures=1), (
        "the failed attempt counts, the refused rewrite does not"
    )


@pytest.mark.parametrize("fault", [Fault.ENVIRONMENT, Fault.MODEL, Fault.JUDGE])
def test_a_fault_outside_the_library_teaches_nothing(world, fault):
    here = world(rounds=0)
    here.solve(exercise("thousands"))
    here.model.before = lambda request: (
        reply(
            fault=fault,
            skill=None,
            first_wrong_step=1,
            explanation="It was not the skill.",
            quotes=["head -n 40 ledger-02.csv"],
            confidence=0.9,
        )
        if request.purpose == "attribute"
        else None
    )
    refs, tree = here.refs(), here.library.at().skill("ledger-totals").tree
    episodes = here.solve(exercise("parentheses", number=2))
    assert episodes[0].blame.fault is fault
    assert here.refs() == refs
    assert here.loop.journal.utility("ledger-totals", tree) == Utility()


def test_an_abstention_teaches_nothing(world):
    here = world(rounds=0)
    here.model.before = lambda r: Reply(text="no idea") if r.purpose == "attribute" else None
    refs = here.refs()
    episodes = here.solve(Exercise(task=exercise("thousands").task, gold=exercise("thousands").gold))
    assert episodes[0].blame.fault in (None, Fault.ROUTING)
    if episodes[0].blame.fault is None:
        assert here.refs() == refs


def test_an_endpoint_that_dies_is_unjudged_and_teaches_nothing(world):
    here = world()
    refs = here.refs()

    def dies(request: Request) -> Reply | None:
        raise ModelError("the endpoint is gone", kind="connection")

    here.model.before = dies
    episodes = here.solve(exercise("thousands"))
    assert [(e.verdict.result, e.trajectory.stop) for e in episodes] == [(Result.UNJUDGED, Stop.MODEL_ERROR)]
    assert here.refs() == refs


def test_an_endpoint_that_dies_while_blame_is_sought_keeps_the_episode(world):
    here = world()
    refs = here.refs()

    def dies(request: Request) -> Reply | None:
        if request.purpose == "attribute":
            raise ModelError("the endpoint is gone", kind="connection")
        return None

    here.model.before = dies
    with pytest.raises(ModelError, match="the endpoint is gone"):
        here.solve(exercise("thousands"))
    assert [e.verdict.result for e in here.loop.journal.episodes()] == [Result.FAILED]
    assert here.refs() == refs


def test_a_sandbox_that_breaks_in_the_gate_lands_nothing_and_caches_nothing(world):
    here = world()
    skills = here.skills()

    class Broken:
        name = "broken"

        def open(self, **_):
            raise SandboxError("the disk is full")

    gate = here.loop.repair.gate
    harness = replace(gate.harness, sandbox=Broken())
    repair = replace(here.loop.repair, gate=replace(gate, harness=harness))
    loop = replace(here.loop, repair=repair)
    with pytest.raises(SandboxError, match="the disk is full"):
        list(loop.solve(exercise("thousands")))
    assert here.skills() == skills


def test_interrupting_at_any_call_of_the_model_leaves_main_at_a_landing_or_where_it_was(world):
    here = world()
    skills = here.skills()
    for purpose in ("act", "attribute", "charter", "exam", "rewrite"):

        def interrupt(request: Request, at: str = purpose) -> Reply | None:
            if request.purpose == at:
                raise KeyboardInterrupt
            return None

        here.model.before = interrupt
        with pytest.raises(KeyboardInterrupt):
            here.solve(exercise("thousands"))
        assert here.skills() == skills
        assert set(here.refs()) == {"refs/heads/main"}
    here.model.before = lambda _request: None
    assert here.solve(exercise("thousands"))[-1].verdict.result is Result.PASSED


def test_a_lesson_from_outside_text_waits_for_a_human(world):
    here = world(rounds=0)
    run = here.loop.executor

    def tainted(x, skill):
        trajectory = run(x, skill)
        return replace(trajectory, steps=tuple(replace(s, tainted=True) for s in trajectory.steps))

    loop = replace(here.loop, executor=tainted)
    main = here.library.tip()
    list(loop.solve(exercise("thousands")))
    assert here.landings() == [Disposition.OPEN]
    assert here.library.tip() == main, "neither the skill nor a tip has landed"
    assert [p.skill for p in here.library.proposals()] == ["ledger-totals"]


def test_a_tip_is_read_back_at_the_next_attempt(world):
    here = world(rounds=1)
    tip = "Look at the first rows before you add them up."
    here.model.before = lambda r: reply(tip=tip) if r.purpose == "tip" else None
    here.solve(exercise("thousands"))
    acts = [r for r in here.model.requests if r.purpose == "act"]
    assert tip not in str(acts[0])
    assert tip in str(acts[-1])
    assert tip in here.library.at().tips()


def test_a_hopeless_skill_is_rethought_and_not_mended(world):
    here = world(rounds=0, n_min=2)
    here.solve(exercise("thousands"))
    here.model._model.temper = Temper(slip=0, wrong_blame=0, habits={Habit.FETCHES: 1.0})
    for number in (2, 3, 4):
        here.solve(exercise("parentheses", number=number))
    assert [rewrite.kind for rewrite in here.heard(Rewrite)] == ["create", "optimise", "discover", "discover"]


def test_a_stage_with_nothing_to_offer_is_told_and_changes_nothing(world):
    here = world(rounds=0)
    here.model.before = lambda r: reply(source="", queries=[]) if r.purpose == "exam" else None
    skills = here.skills()
    here.solve(exercise("thousands"))
    assert here.heard(Pass) == [Pass(stage="exam")]
    assert here.skills() == skills
    assert "rewrite" not in here.model.purposes()


def test_without_learning_nothing_is_written_but_the_journal(world):
    here = world(learn=False)
    refs = here.refs()
    episodes = here.solve(exercise("thousands"))
    assert {e.verdict.result for e in episodes} == {Result.FAILED}
    assert here.refs() == refs
    assert set(here.model.purposes()) == {"act"}
    assert len(here.loop.journal.episodes()) == len(episodes)


def test_what_the_model_can_do_alone_needs_no_skill(world):
    here = world()
    names = here.library.at().names()
    episodes = here.solve(lines_of(Random(1), "lines-01", ()))
    assert [(e.verdict.result, e.blame) for e in episodes] == [(Result.PASSED, None)]
    assert here.library.at().names() == names
    assert set(here.model.purposes()) == {"act"}


def test_retries_end_after_the_given_rounds(world):
    here = world(Temper(slip=1.0, wrong_blame=0, habits={Habit.MENDS: 1.0}), rounds=2)
    episodes = here.solve(dates(Random(1), "dates-01", ()))
    assert [e.attempt for e in episodes] == [0, 1, 2]
    assert {e.verdict.result for e in episodes} == {Result.FAILED}


def test_the_answer_pasted_into_the_skill_is_refused(world):
    here = world(rounds=0)
    one = exercise("thousands")
    assert one.gold.scorer is Scorer.NUMERIC

    def pastes(request: Request) -> Reply | None:
        if request.purpose != "rewrite":
            return None
        document = (
            "---\nname: ledger-totals\ndescription: Adds up. Use for totals.\n---\n\n"
            f"Run `python3 /skill/scripts/total.py FILE Amount`. It prints {one.gold.answer}.\n"
        )
        script = "print(1)\n"
        return reply(
            idea="know the answer",
            files=[
                {"path": "SKILL.md", "content": document},
                {"path": "scripts/total.py", "content": script},
            ],
            delete=[],
        )

    here.model.before = pastes
    here.solve(one)
    assert [landing.report.reason for landing in here.heard(Landing)] == [
        "static: it contains the answer of the task that it was learned from"
    ]


# ---------------------------------------------------------------- what people leave to the agent


def policy(here: World, text: str) -> None:
    here.library.commit_files({"memento.toml": text.encode()}, "policy", {})


def test_a_locked_skill_is_not_even_proposed_and_the_onlooker_is_told_why(world):
    here = world(rounds=0)
    policy(here, '[review.skills]\n"ledger-*" = "locked"\n')
    refs = here.refs()
    here.solve(exercise("thousands"))
    why = 'ledger-totals is locked: [review.skills] of memento.toml says so for "ledger-*"'
    assert here.heard(Pass) == [Pass(stage="policy", reason=why)]
    assert not {"exam", "rewrite"} & set(here.model.purposes())
    assert [ref for ref in here.refs() if "memento/" in ref] == [ref for ref in refs if "memento/" in ref]
    assert len(here.loop.journal.episodes()) == 1


def test_a_skill_that_people_changed_waits_for_them_and_stays_as_it_is(world):
    here = world(rounds=0)
    here.solve(exercise("thousands"))
    here.library.commit_files({"skills/ledger-totals/notes.md": b"Ours.\n"}, "by hand", {})
    tree = here.library.at().skill("ledger-totals").tree
    here.solve(exercise("parentheses", number=2))
    assert here.landings() == [Disposition.LANDED, Disposition.OPEN]
    assert here.library.at().skill("ledger-totals").tree == tree
    assert [proposal.skill for proposal in here.library.proposals()] == ["ledger-totals"]


def test_what_a_person_said_against_a_refused_idea_is_told_to_the_rewriter(world):
    here = world(rounds=0)
    policy(here, '[review]\nagent = "review"\n')
    here.solve(exercise("thousands"))
    (open_one,) = here.library.proposals()
    here.loop.journal.ideas.remark(open_one.id, Remark(who="Ada", when=0.0, text="We never strip anything."))
    here.loop.journal.ideas.reject(open_one.id, "Ada")
    here.library.discard(open_one)
    here.solve(exercise("thousands", number=2))
    first, second = (str(r) for r in here.model.requests if r.purpose == "rewrite")
    assert "We never strip anything." not in first
    assert "We never strip anything." in second


NOBODYS = "Which programs can open such a file?"
POOR = "Household papers, and help with them."
FINDABLE = f"{POOR} Also spans: how many days there are between dates in a text file, earliest to latest."


def describes(near: str) -> Callable[[Request], Reply | None]:
    def intercept(request: Request) -> Reply | None:
        if request.purpose == "requests":
            return reply(near_misses=[near])
        return reply(idea="say dates", description=FINDABLE) if request.purpose == "describe" else None

    return intercept


def ill_described(here: World) -> Snapshot:
    """A skill that people wrote: it can do everything, and its description draws no question about dates."""
    mends = frozenset(trap.name for trap in DATES.traps)
    test = b'QUERIES = ("help with household papers",)\n\ndef test_it_runs(skill):\n    assert skill.body\n'
    files = {
        "memento.toml": b'[review]\npeople = "auto"\n',
        "skills/date-spans/SKILL.md": new(name="date-spans", description=POOR, body=DATES.document(mends)),
        "skills/date-spans/scripts/span.py": DATES.compose(mends).encode(),
        "skill_tests/test_date_spans.py": test,
    }
    return here.library.at(here.library.commit_files(files, "by hand", {}))


def span() -> Exercise:
    return dates(Random(1), "dates-01", [DATES.traps[0].name])


def test_a_skill_that_was_overlooked_is_described_anew_and_found_at_the_retry(world):
    here = world(rounds=1)
    before = ill_described(here)
    here.model.before = describes(NOBODYS)
    on_probation: list[str] = []
    here.loop = replace(here.loop, probation=lambda skill, _episode: on_probation.append(skill))
    episodes = here.solve(span())
    assert [(e.verdict.result, e.route.skill) for e in episodes] == [
        (Result.FAILED, None),
        (Result.PASSED, "date-spans"),
    ]
    assert (episodes[0].blame.fault, episodes[0].blame.skill) == (Fault.ROUTING, "date-spans")
    after = here.library.at()
    old, mended = before.skill("date-spans"), after.skill("date-spans")
    assert (mended.description, mended.body) == (FINDABLE, old.body)
    changed = {path for path, entry in after.entries().items() if before.entries().get(path) != entry}
    assert changed - {"tips.md"} == {"skills/date-spans/SKILL.md", "skill_tests/test_date_spans.py"}
    (landing,) = here.heard(Landing)
    assert landing.report.new_tests == here.heard(Exam)[0].new_tests
    steps = {step.name: step.detail for step in landing.report.steps}
    assert steps["red-to-green"] == "1 red on the parent, green on the candidate"
    assert steps["routes"].startswith("1 of 1 own queries reach it, no near miss does")
    record = here.loop.journal.record_by_version("date-spans")
    assert record == {mended.tree: Utility(successes=1)}, "who was not used is not debited"
    assert on_probation == []


@pytest.mark.parametrize(
    ("near", "test", "why"),
    [
        ("Work out the latest date in a text file.", None, "red-to-green: still red on the candidate"),
        (NOBODYS, 'QUERIES = ("dates in a text file",)\n', "routes: file-dates loses"),
        (
            NOBODYS,
            'def test_it_is_found(route):\n    assert route("dates in a text file") == "file-dates"\n',
            "neighbours: it turns tests of other skills red: file-dates: test_it_is_found",
        ),
    ],
    ids=["a near miss", "a neighbour's request", "a request that a neighbour's test asks for"],
)
def test_a_description_that_draws_too_much_is_refused(world, near, test, why):
    here = world(rounds=0)
    ill_described(here)
    if test is not None:
        document = new(name="file-dates", description="Find the dates in a file.", body="Look for them.")
        files = {"skills/file-dates/SKILL.md": document, "skill_tests/test_file_dates.py": test.encode()}
        here.library.commit_files(files, "by hand", {})
    skills = here.skills()
    here.model.before = describes(near)
    here.solve(span())
    assert here.landings() == [Disposition.DISCARDED]
    assert here.heard(Landing)[0].report.reason.startswith(why)
    assert here.skills() == skills


BROKEN = """
import csv, sys

rows = list(csv.DictReader(open(sys.argv[1])))
small = len(rows) < 5
total = sum(
    float(row["Amount"].replace(",", "").replace("(", "-").strip(")")) for row in rows
)
print(f"{total if small else 0:.2f}")
"""


def blames_the_skill(request: Request) -> Reply | None:
    if request.purpose != "attribute":
        return None
    return reply(
        fault="tool",
        skill="ledger-totals",
        first_wrong_step=2,
        explanation="It adds up wrongly.",
        quotes=["head -n 40 ledger"],
        confidence=0.95,
    )


def test_a_version_that_does_worse_than_its_parent_is_taken_back_by_itself(world):
    here = world(rounds=0)
    here.solve(exercise("thousands"))
    for number in range(11, 15):
        here.solve(exercise("thousands", number=number))
    good = here.library.at().skill("ledger-totals")

    def spoils(request: Request) -> Reply | None:
        if request.purpose != "rewrite":
            return None
        return reply(idea="read it anew", files=[{"path": "scripts/total.py", "content": BROKEN}], delete=[])

    here.model.before = spoils
    here.solve(exercise("parentheses", number=2))
    bad = here.library.at().skill("ledger-totals")
    assert bad.version > good.version, "it passed every test: they are small"
    exam = here.heard(Exam)[-1]

    here.model.before = lambda r: (
        blames_the_skill(r) or (reply(source="", queries=[]) if r.purpose == "exam" else None)
    )
    episodes = []
    while here.landings()[-1] is not Disposition.LANDED or len(here.landings()) < 3:
        episodes += here.solve(exercise("thousands", number=20 + len(episodes)))
        assert len(episodes) < 8, "probation never ended it"
    landing = here.heard(Landing)[-1]
    restored = here.library.at()
    assert landing.proposal.kind == "rollback"
    assert restored.skill("ledger-totals").body == good.body
    assert exam.new_tests[0] in restored.test("ledger-totals").decode(), "the regression test stays"
    entry = here.library.log("ledger-totals", 1)[0]
    assert entry.trailers["Memento-Episode"] == episodes[-1].id
    assert entry.trailers["Memento-Blame"] == (
        f"rolled back by probation: 0 of {len(episodes)} succeeded, 4 of 5 with the version before"
    )
    idea = next(i for i in here.loop.journal.ideas.of("ledger-totals") if i.idea == "read it anew")
    assert (idea.disposition, "probation" in idea.reason) == (Disposition.DISCARDED, True)
    here.model.before = lambda _request: None
    assert here.solve(exercise("thousands", number=40))[-1].verdict.result is Result.PASSED


def test_of_several_rewrites_the_gate_chooses_and_the_others_leave_no_ref(world):
    here = world(rounds=0, candidates=3)
    before = set(here.refs())
    fetches = SimulatedModel(seed=1, temper=Temper(slip=0, wrong_blame=0, habits={Habit.FETCHES: 1.0}))
    asked = []

    def first_two_are_bad(request: Request) -> Reply | None:
        if request.purpose != "rewrite":
            return None
        asked.append(request)
        return fetches.complete(request) if len(asked) < 3 else None

    here.model.before = first_two_are_bad
    here.solve(exercise("thousands"))
    assert here.landings() == [Disposition.LANDED]
    assert "setup.example" not in here.library.at().skill("ledger-totals").body
    assert {ref for ref in here.refs() if ref not in before} == {"refs/notes/memento"}
    rejected = here.loop.journal.ideas.rejected("ledger-totals")
    assert len(rejected) == 2
    assert all(idea in str(asked[2]) for idea in rejected), "each is told of the ideas before it"


def test_a_refused_change_under_another_name_is_not_gated_again(world):
    here = world(rounds=1)
    bad = SimulatedModel(seed=1, temper=Temper(slip=0, wrong_blame=0, habits={Habit.FETCHES: 1.0}))
    kept: list[dict] = []

    def renames(request: Request) -> Reply | None:
        if request.purpose != "rewrite":
            return None
        kept.append(json.loads(bad.complete(request).text) if not kept else kept[0])
        return reply(**{**kept[-1], "idea": f"idea number {len(kept)}"})

    here.model.before = renames
    here.solve(exercise("thousands"))
    assert [rewrite.idea for rewrite in here.heard(Rewrite)] == ["idea number 1", "idea number 2"]
    assert here.landings() == [Disposition.DISCARDED]
    assert here.heard(Pass) == [Pass(stage="rewrite")]


@pytest.mark.parametrize("habit", [Habit.MENDS, Habit.FETCHES], ids=["landed", "refused"])
def test_what_an_attempt_teaches_it_teaches_once(world, habit):
    here = world(Temper(slip=0, wrong_blame=0, habits={habit: 1.0}), rounds=0)
    here.solve(exercise("thousands"))
    here.model._model.temper = Temper(slip=0, wrong_blame=0, habits={habit: 1.0})
    (episode,) = here.solve(exercise("parentheses", number=2))
    asked, refs, landings = len(here.model.requests), here.refs(), here.landings()
    here.loop.learn(episode, exercise("parentheses", number=2))
    assert (here.refs(), here.landings()) == (refs, landings)
    assert {r.purpose for r in here.model.requests[asked:]} <= {"tip"}
    assert len(here.loop.journal.episodes()) == 2
