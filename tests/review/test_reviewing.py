"""What a person may do with an open proposal, and what a dossier tells them."""

import hashlib
from dataclasses import replace

import pytest

from memento.assemble.ambience import Ambience
from memento.assemble.gates import gate_of, journal_of
from memento.assemble.reviews import rollback_of
from memento.changes import Disposition, Evidence, Exam, GateOutcome, GateReport, GateStep, Rewrite
from memento.config import load
from memento.errors import LibraryError, UsageError
from memento.library.person import person
from memento.review.dossier import Remark, dossier, dossiers
from memento.sandbox.host import Host
from memento.types import (
    Blame,
    ChangeKind,
    Episode,
    Fault,
    Result,
    Route,
    Stop,
    Task,
    Trajectory,
    Utility,
    Verdict,
)
from tests.library.changes import GREEN, RED, UNSURE, created, landed, propose, rewritten
from tests.review.situations import AGENT, NOW, hands, opened, policy, settings, stale

ADA = "Ada <ada@example.org>"


def refs(library) -> list[str]:
    return library.git("for-each-ref", "--format=%(refname)", "refs/heads").decode().split()


def found(library, id_: str = "id0"):
    return dossier(library, journal_of(library), policy(library), id_)


def episode(skill: str = "greeter", tree: str | None = None, *, by: str = "checker") -> Episode:
    return Episode(
        id="e1",
        task=Task(id="t1", text="Take leave of Bob."),
        attempt=0,
        library="a" * 40,
        model="some-model",
        route=Route(skill=skill, confidence=0.9),
        skill_tree=tree,
        trajectory=Trajectory(steps=(), answer="hello", stop=Stop.ANSWERED),
        verdict=Verdict(result=Result.FAILED, rationale="no goodbye", by=by),
        blame=Blame(fault=Fault.PLANNING, skill=skill, explanation="it never says goodbye"),
    )


# ---------------------------------------------------------------- the dossier


def test_a_dossier_holds_all_that_a_decision_needs(library):
    tree = library.at().skill("greeter").tree
    journal_of(library).record(episode(tree=tree))
    proposal = opened(library)
    hands(library).comment(proposal.id, "Why goodbye?")
    told = found(library)
    assert told.diff.splitlines()[-2:] == ["-Say hello.", "+Say hello and goodbye."]
    assert replace(told, diff="") == type(told)(
        proposal=proposal,
        opened=NOW,
        waits="greeter is reviewed by people: people wrote it",
        stale=None,
        owners=(),
        report=replace(GREEN, skill="greeter"),
        trailers={
            **AGENT,
            "Memento-Proposal": "id0",
            "Memento-Skill": "greeter",
            "Memento-Kind": "optimise",
            "Memento-Idea": "say Say hello and goodbye.",
        },
        diff="",
        size=told.size,
        episode=episode(tree=tree),
        utility=Utility(successes=0, failures=1),
        remarks=(Remark(who=ADA, when=NOW, text="Why goodbye?"),),
    )
    added = [line for line in told.diff.splitlines() if line[:1] in "+-" and line[:3] not in ("+++", "---")]
    assert told.size == len(added)


def test_open_proposals_are_told_oldest_first_and_nothing_else_is(library):
    assert dossiers(library, journal_of(library), policy(library)) == ()
    opened(library, "One.")
    opened(library, "Two.")
    landed(library, propose(library, created("csv-sums")))
    library.git("branch", "memento/greeter/none-of-ours", "main")
    told = dossiers(library, journal_of(library), policy(library))
    assert [each.proposal.id for each in told] == ["id0", "id1"]
    assert told[1] == found(library, "id1")


def test_a_beginning_of_an_id_is_enough_when_it_is_the_only_one(library):
    opened(library, "One.")
    assert found(library, "id") == found(library, "id0") == found(library, "greeter")
    opened(library, "Two.")
    with pytest.raises(LibraryError, match=r"Several .* fit 'id'\. Name one of: id0, id1\."):
        found(library, "id")
    with pytest.raises(LibraryError, match=r"There is no open proposal 'x'\. Name one of: id0, id1\."):
        found(library, "x")
    with pytest.raises(LibraryError, match="There is no open proposal ''"):
        found(library, "")


def test_the_gates_word_on_an_earlier_commit_is_no_word_on_this_one(library, git):
    proposal = opened(library)
    git("switch", "-q", proposal.branch, cwd=library.root)
    (library.root / "skills/greeter/SKILL.md").write_text("---\nname: greeter\ndescription: x\n---\n\nHi.\n")
    message = "more\n\nMemento-Proposal: id0\nMemento-Skill: greeter\nMemento-Kind: optimise\n"
    git("commit", "-q", "-a", "-m", message, cwd=library.root)
    git("switch", "-q", "main", cwd=library.root)
    told = found(library)
    assert (told.report, told.waits) == (None, "its gate was interrupted")
    assert told.proposal.base == proposal.base


# ---------------------------------------------------------------- approve


def test_an_approved_proposal_lands_with_the_gates_own_word_and_the_persons_name(library):
    proposal = opened(library, answer=UNSURE)
    landing = hands(library).approve("id0")
    assert (landing.disposition, landing.commit) == (Disposition.LANDED, library.tip())
    assert library.at().skill("greeter").body.strip() == "Say hello and goodbye."
    trailers = library.log("greeter", 1)[0].trailers
    assert trailers["Memento-Gate"] == "INDECISIVE E0"
    assert trailers["Memento-Agreed"] == ADA
    assert trailers["Memento-Blame"] == AGENT["Memento-Blame"]
    assert refs(library) == ["refs/heads/main"]
    assert journal_of(library).ideas.landing("id0") == landing
    assert journal_of(library).ideas.of()[0].episode == "e1"
    assert landing.proposal == proposal


def test_a_pass_that_waited_for_the_policy_says_pass_and_who_agreed(library):
    opened(library)
    hands(library, GREEN).approve("id0")
    trailers = library.log("greeter", 1)[0].trailers
    assert (trailers["Memento-Gate"], trailers["Memento-Agreed"]) == ("PASS E0", ADA)


def test_a_fail_never_lands_even_by_a_person_and_stays_to_be_mended(library):
    opened(library)
    tip = library.tip()
    landing = hands(library, RED).approve("id0")
    assert (landing.disposition, landing.report.outcome, library.tip()) == (
        Disposition.OPEN,
        GateOutcome.FAIL,
        tip,
    )
    told = found(library)
    assert told.waits == "FAIL: static: as the test wants it"
    assert told.report == replace(RED, skill="greeter")
    assert journal_of(library).ideas.rejected("greeter") == ()


def test_an_approval_is_gated_as_the_merge_that_lands_when_main_has_moved(library):
    opened(library)
    landed(library, propose(library, rewritten(library, "ledger-totals", "Sum.")))
    gated = []

    def gate(*, skill, base, head, **_):
        gated.append((base.commit, head.commit))
        return replace(GREEN, skill=skill)

    tip = library.tip()
    landing = replace(hands(library), gate=gate).approve("id0")
    assert gated == [(landing.proposal.base, landing.proposal.commit), (tip, landing.commit)]
    assert library.tip() == landing.commit


def test_a_person_who_agreed_before_main_moved_has_not_agreed_to_a_red_merge(library):
    opened(library)
    landed(library, propose(library, rewritten(library, "ledger-totals", "Sum.")))
    answers = [GREEN, RED]
    review = replace(hands(library), gate=lambda *, skill, **_: replace(answers.pop(0), skill=skill))
    tip = library.tip()
    assert review.approve("id0").disposition is Disposition.OPEN
    assert library.tip() == tip


def test_the_frozen_exam_is_handed_to_the_gate_again_with_what_it_parks(library):
    test = library.at().test("greeter") + b"\nPARKED = ('test_greets',)\n"
    exam = Exam(
        skill="greeter",
        test_file=test,
        new_tests=("test_x",),
        digest=hashlib.sha256(test).hexdigest(),
        parked=("test_greets",),
    )
    propose(library, rewritten(library, "greeter", "Hi."), exam, trailers=AGENT)
    seen = []
    review = replace(
        hands(library), gate=lambda *, skill, exam, **_: seen.append(exam) or replace(GREEN, skill=skill)
    )
    review.approve("id0")
    assert seen == [exam]
    trailers = library.log("greeter", 1)[0].trailers
    assert not {"Memento-Exam", "Memento-Parked"} & trailers.keys()


# ---------------------------------------------------------------- stale


def test_a_proposal_that_no_longer_merges_says_so_and_stays(library):
    stale(library)
    why = "skills/greeter changed on main since this proposal was written. Write it anew on main's tip."
    assert found(library).stale == why
    tip = library.tip()
    landing = hands(library, GREEN).approve("id0")
    assert (landing.disposition, landing.report.reason) == (Disposition.OPEN, f"merge: {why}")
    assert (library.tip(), len(library.proposals())) == (tip, 1)
    assert "person" not in [step.name for step in found(library).report.steps]


def test_a_stale_proposal_that_is_edited_starts_anew_from_main(library):
    stale(library)
    folder = rewritten(library, "greeter", "Say hullo and goodbye.").folder
    landing = hands(library, GREEN).edit("id0", folder, library.at().test("greeter"))
    assert landing.proposal.base == library.tip()
    assert found(library).stale is None
    assert hands(library, GREEN).approve("id0").disposition is Disposition.LANDED
    assert library.at().skill("greeter").body.strip() == "Say hullo and goodbye."


# ---------------------------------------------------------------- edit


def test_an_edit_is_one_more_commit_on_the_branch_gated_again_and_still_waits(library, git):
    first = opened(library)
    folder = rewritten(library, "greeter", "Say hello, then goodbye.").folder
    landing = hands(library, GREEN).edit("id0", folder, library.at().test("greeter"))
    edited = landing.proposal
    line = git("rev-list", f"{first.base}..{edited.branch}", cwd=library.root).split()
    assert line == [edited.commit, first.commit]
    assert (landing.disposition, edited.base) == (Disposition.OPEN, first.base)
    assert found(library).proposal == edited
    assert found(library).report == replace(GREEN, skill="greeter")
    assert "+Say hello, then goodbye." in found(library).diff
    assert hands(library, GREEN).approve("id0").disposition is Disposition.LANDED
    assert library.at().skill("greeter").version == "0.0.1"
    trailers = library.log("greeter", 1)[0].trailers
    assert (trailers["Memento-Edited"], trailers["Memento-Episode"]) == (ADA, "e1")


def test_the_exam_stays_frozen_while_its_file_does_and_becomes_a_persons_when_it_is_edited(library):
    test = library.at().test("greeter") + b"\n\ndef test_more(skill):\n    assert 'bye' in skill.body\n"
    exam = Exam(
        skill="greeter", test_file=test, new_tests=("test_more",), digest=hashlib.sha256(test).hexdigest()
    )
    propose(library, rewritten(library, "greeter", "Say bye."), exam, trailers=AGENT)
    folder = rewritten(library, "greeter", "Say hello and bye.").folder
    assert hands(library).edit("id0", folder, test).proposal.exam == exam
    assert found(library).proposal.exam == exam
    assert hands(library).edit("id0", folder, test + b"# mine\n").proposal.exam is None
    assert found(library).proposal.exam is None


def test_a_tainted_proposal_stays_tainted_when_it_is_edited(library):
    opened(library, tainted=True)
    folder = rewritten(library, "greeter", "Say bye.").folder
    assert hands(library, GREEN).edit("id0", folder, None).proposal.tainted
    assert found(library).proposal.tainted


def test_an_edit_that_changes_nothing_is_none(library):
    proposal = opened(library)
    head = library.at(proposal.commit)
    with pytest.raises(UsageError, match="Nothing was changed"):
        hands(library).edit("id0", head.folder("greeter"), head.test("greeter"))
    assert found(library).proposal == proposal


def test_an_edit_of_a_branch_that_somebody_moved_is_refused(library, git):
    opened(library)
    folder = rewritten(library, "greeter", "Say bye.").folder

    def gate(**_):
        raise AssertionError("not reached")

    review = replace(hands(library), gate=gate)
    real = library.git

    class Racing(type(real)):
        def run(self, *argv, **more):
            if argv[0] == "update-ref" and argv[1].startswith("refs/heads/memento/"):
                git("update-ref", "refs/heads/memento/greeter/id0", "main", cwd=library.root)
            return super().run(*argv, **more)

    racing = Racing(git_dir=real.git_dir, now=real.now, durable=False)
    with pytest.raises(LibraryError, match="has moved or is gone"):
        replace(review, library=replace(library, git=racing)).edit("id0", folder, None)


# ---------------------------------------------------------------- reject, comment


def test_a_rejected_proposal_is_gone_and_its_idea_and_reason_are_remembered(library):
    opened(library)
    tip = library.tip()
    landing = hands(library).reject("id0", "We never say goodbye.")
    assert (landing.disposition, library.tip(), refs(library)) == (
        Disposition.DISCARDED,
        tip,
        ["refs/heads/main"],
    )
    journal = journal_of(library)
    assert journal.ideas.rejected("greeter") == ("say Say hello and goodbye.",)
    assert journal.ideas.objections("greeter") == ("say Say hello and goodbye.: We never say goodbye.",)
    idea = journal.ideas.of("greeter")[0]
    assert (idea.reason, idea.episode) == (f"person: {ADA}: We never say goodbye.", "e1")


@pytest.mark.parametrize("text", ["", " \n\t"])
def test_a_rejection_and_a_comment_say_something(library, text):
    opened(library)
    for speak in (hands(library).reject, hands(library).comment):
        with pytest.raises(UsageError, match="nothing in that text"):
            speak("id0", text)
    assert (len(library.proposals()), found(library).remarks) == (1, ())


def test_what_people_said_is_told_to_the_rewriter_only_once_the_idea_is_refused(library):
    opened(library)
    journal = journal_of(library)
    hands(library).comment("id0", "It is too long.")
    assert journal.ideas.objections("greeter") == ()
    hands(library).reject("id0", "Too long.")
    assert journal.ideas.objections("greeter") == (
        "say Say hello and goodbye.: It is too long.",
        "say Say hello and goodbye.: Too long.",
    )
    assert journal.ideas.objections("ledger-totals") == ()


# ---------------------------------------------------------------- left behind


def interrupted(library, by: str):
    """A proposal whose process was killed before the gate's word, and how its attempt was judged."""
    journal_of(library).record(episode("csv-sums", by=by))
    propose(library, created("csv-sums"), trailers=AGENT)


def test_a_branch_left_by_a_killed_gate_waits_and_can_be_approved(library):
    interrupted(library, "checker")
    assert (found(library).report, found(library).waits) == (None, "its gate was interrupted")
    assert hands(library, GREEN).approve("id0").disposition is Disposition.LANDED


def test_a_branch_left_by_a_killed_gate_lands_by_itself_when_it_is_gated_again(library):
    interrupted(library, "rubric")
    landing = hands(library, GREEN).regate("id0")
    assert (landing.disposition, landing.commit) == (Disposition.LANDED, library.tip())
    assert "Memento-Agreed" not in library.log("csv-sums", 1)[0].trailers


@pytest.mark.parametrize("report", [RED, UNSURE], ids=["red", "unsure"])
def test_gating_again_lands_nothing_but_what_passes(library, report):
    interrupted(library, "rubric")
    landing = hands(library, report).regate("id0")
    assert (landing.disposition, found(library).report) == (
        Disposition.OPEN,
        replace(report, skill="csv-sums"),
    )


def test_gating_again_lands_nothing_whose_known_answer_nobody_can_look_for(library):
    interrupted(library, "checker")
    assert hands(library, GREEN).regate("id0").disposition is Disposition.OPEN
    assert found(library).waits.startswith("nothing holds it back")


def test_gating_again_lands_nothing_against_the_policy(library):
    settings(library, '[review]\nagent = "review"\n')
    interrupted(library, "rubric")
    assert hands(library, GREEN).regate("id0").disposition is Disposition.OPEN


# ---------------------------------------------------------------- the person, and taking back


@pytest.mark.parametrize(
    ("config", "name"),
    [
        ("[user]\n\tname = Ada\n\temail = ada@example.org\n", "Ada <ada@example.org>"),
        ("[user]\n\tname = Ada\n", "Ada"),
        ("[user]\n\temail = <a@b>\n", "<a@b>"),
        ('[user]\n\tname = "Ada\\nMemento-Gate: PASS E5"\n', "Ada Memento-Gate: PASS E5"),
        ("", "a person"),
        ("[user\n", "a person"),
    ],
    ids=["both", "name", "email", "forged", "none", "broken"],
)
def test_a_person_is_called_as_their_git_calls_them(library, tmp_path, config, name):
    (tmp_path / "home/.gitconfig").write_text(config, "utf-8")
    assert person(library.git.git_dir, {"HOME": str(tmp_path / "home"), "GIT_DIR": "/nowhere"}) == name


def test_no_program_that_a_configuration_names_is_run_to_learn_a_name(library, tmp_path):
    trap = tmp_path / "ran"
    run = f"touch {trap}"
    config = f"[user]\nname = Ada\n[core]\npager = {run}\nfsmonitor = {run}\n[alias]\nconfig = !{run}\n"
    (library.git.git_dir / "config").write_text(config, "utf-8")
    assert person(library.git.git_dir, {}) == "Ada"
    assert not trap.exists()


def rollback(library):
    return rollback_of(library, Host(), Ambience(), config=load("", {}), environ={})


def test_a_retired_skill_comes_back_with_its_tests(library):
    gate = gate_of(Host(), journal_of(library), Ambience(), config=load("", {}), environ={})
    text, test = library.at().folder("greeter"), library.at().test("greeter")
    gone = Rewrite(skill="greeter", kind=ChangeKind.RETIRE, folder={}, idea="retire")
    landed(library, propose(library, gone))
    assert (library.at().folder("greeter"), library.at().test("greeter")) == ({}, None)
    landing = rollback(library)("greeter")
    assert landing.report.reason == "all steps passed"
    assert landing.disposition is Disposition.LANDED
    assert library.at().test("greeter") == test
    assert library.at().folder("greeter").keys() == text.keys()
    assert gate(skill="greeter", base=library.at(), head=library.at(), exam=None).tests[0].passed


def test_a_rollback_that_waits_takes_the_idea_back_once_it_is_approved(library):
    journal = journal_of(library)
    first = propose(library, rewritten(library, "greeter", "Bye."), trailers=AGENT)
    journal.ideas.record(landed(library, first), episode="e1")
    rollback_ = replace(rollback(library), gate=lambda *, skill, **_: replace(UNSURE, skill=skill))
    waiting = rollback_("greeter")
    assert waiting.disposition is Disposition.OPEN
    assert journal.ideas.rejected("greeter") == ()
    hands(library, UNSURE).approve(waiting.proposal.id)
    assert library.at().skill("greeter").body.strip() == "# Greeter\n\nSay hello."
    assert journal.ideas.rejected("greeter") == (first.idea,)
    assert journal.ideas.of("greeter")[0].reason == f"rolled back by {ADA}"


def test_a_report_without_evidence_can_be_refused_too(library):
    interrupted(library, "rubric")
    report = hands(library).reject("id0", "No.").report
    assert report == GateReport(
        skill="csv-sums",
        outcome=GateOutcome.FAIL,
        evidence=Evidence.LINT,
        steps=(GateStep(name="person", outcome=GateOutcome.FAIL, detail=f"{ADA}: No."),),
    )


def test_a_retirement_that_a_person_lets_go_is_signed_and_its_open_question_stays_open_until_then(library):
    gate = gate_of(Host(), journal_of(library), Ambience(), config=load("", {}), environ={})
    review = replace(hands(library), gate=gate)
    propose(library, Rewrite(skill="greeter", kind=ChangeKind.RETIRE, folder={}, idea="retire: unused"))
    asked = review.regate("id0").report
    assert asked.reason == "person: a human must say whether the skill may go"
    assert found(library).report == asked
    assert review.approve("id0").disposition is Disposition.LANDED
    trailers = library.log("greeter", 1)[0].trailers
    assert (trailers["Memento-Gate"], trailers["Memento-Agreed"]) == ("INDECISIVE E0", ADA)
    assert (library.at().folder("greeter"), library.at().test("greeter")) == ({}, None)
