"""What lands by itself, what waits for a person, and what the agent leaves alone."""

import multiprocessing
import time
from dataclasses import replace
from functools import cache

import pytest

from memento.changes import Disposition
from memento.errors import ConfigError
from memento.library import Library, land
from memento.types import ChangeKind
from tests.library.changes import GREEN, RED, UNSURE, created, landed, propose, rewritten
from tests.review.situations import AGENT, NOW, opened, policy, settings, written_by_agent

REVIEWED = "greeter is reviewed by people: people wrote it"


def against(library, proposal, report=GREEN):
    return policy(library).against_landing(proposal, report, library.tip())


def test_a_skill_that_people_wrote_waits_for_a_person(library):
    assert against(library, opened(library)) == REVIEWED


def test_a_new_skill_of_the_agent_lands_by_itself(library):
    proposal = propose(library, created("csv-sums"), trailers=AGENT)
    assert against(library, proposal) is None


def test_a_skill_that_only_the_agent_ever_changed_stays_the_agents(library):
    written_by_agent(library)
    landed(library, propose(library, rewritten(library, "csv-sums", "Sum."), trailers=AGENT))
    proposal = propose(library, rewritten(library, "csv-sums", "Sum it."), trailers=AGENT)
    assert against(library, proposal) is None


@pytest.mark.parametrize("lacking", ["Memento-Model", "Memento-Episode"])
def test_one_commit_of_a_person_makes_a_skill_the_peoples(library, lacking):
    written_by_agent(library)
    trailers = {key: value for key, value in AGENT.items() if key != lacking}
    landed(library, propose(library, rewritten(library, "csv-sums", "Sum."), trailers=trailers))
    proposal = propose(library, rewritten(library, "csv-sums", "Sum it."), trailers=AGENT)
    assert against(library, proposal) == "csv-sums is reviewed by people: people wrote it"


def test_what_a_person_edited_before_it_landed_is_the_peoples(library):
    edited = {**AGENT, "Memento-Edited": "Ada"}
    landed(library, propose(library, created("csv-sums"), trailers=edited))
    proposal = propose(library, rewritten(library, "csv-sums", "Sum it."), trailers=AGENT)
    assert against(library, proposal) == "csv-sums is reviewed by people: people wrote it"


def test_a_commit_that_changed_another_skill_or_a_tip_makes_nobody_the_author(library):
    written_by_agent(library)
    library.commit_files({"tips.md": b"- One.\n", "skills/greeter/notes.md": b"x\n"}, "by hand", {})
    proposal = propose(library, rewritten(library, "csv-sums", "Sum it."), trailers=AGENT)
    assert against(library, proposal) is None


def test_a_merge_by_hand_speaks_for_the_skill_that_it_landed_and_for_no_other(library, git):
    written_by_agent(library)
    mine = propose(library, created("csv-more"), trailers=AGENT)
    git("merge", "-q", "--no-ff", "--no-commit", mine.branch, cwd=library.root)
    (library.root / "skills/csv-sums/notes.md").write_text("x\n")
    git("add", ".", cwd=library.root)
    git("commit", "-q", "-m", "both", cwd=library.root)
    standing = {
        name: policy(library).standing(name, library.tip()).because for name in ("csv-more", "csv-sums")
    }
    assert standing == {"csv-more": "the agent wrote it", "csv-sums": "people wrote it"}


def test_a_rollback_does_not_change_who_wrote_a_skill(library):
    written_by_agent(library)
    first = library.tip()
    landed(library, propose(library, rewritten(library, "csv-sums", "Sum."), trailers=AGENT))
    landed(library, propose(library, library.rollback("csv-sums", first), trailers={"Memento-Blame": "Ada"}))
    proposal = propose(library, rewritten(library, "csv-sums", "Sum it."), trailers=AGENT)
    assert library.log("csv-sums", 1)[0].trailers["Memento-Kind"] == ChangeKind.ROLLBACK
    assert against(library, proposal) is None


@pytest.mark.parametrize(
    ("toml", "reason"),
    [
        ('[review]\npeople = "auto"\n', None),
        ('[review]\npeople = "locked"\n', "greeter is locked: people wrote it"),
        ('[review.skills]\ngreeter = "auto"\n', None),
        (
            '[review]\npeople = "auto"\n[review.skills]\n"gre*" = "review"\n',
            'greeter is reviewed by people: [review.skills] of memento.toml says so for "gre*"',
        ),
        ('[review.skills]\n"gre*" = "auto"\n"greeter" = "locked"\n', None),
        ('[review.skills]\n"GREETER" = "auto"\n', REVIEWED),
    ],
    ids=["people", "locked people", "by name", "by pattern", "the first pattern", "case counts"],
)
def test_the_first_rule_that_fits_decides(library, toml, reason):
    settings(library, toml)
    assert against(library, opened(library)) == reason


def test_the_agents_own_skills_can_be_reviewed_too(library):
    settings(library, '[review]\nagent = "review"\n')
    proposal = propose(library, created("csv-sums"), trailers=AGENT)
    assert against(library, proposal) == "csv-sums is reviewed by people: the agent wrote it"


AUTO = '[review]\npeople = "auto"\n[review.skills]\n"*" = "auto"\n'


def test_what_is_tainted_or_indecisive_or_red_waits_whatever_the_rules_say(library):
    settings(library, AUTO)
    proposal = opened(library)
    assert against(library, proposal) is None
    tainted = replace(proposal, tainted=True)
    assert against(library, tainted) == "it was learned from text that came from outside the task"
    assert against(library, proposal, UNSURE) == "INDECISIVE: static: as the test wants it"
    assert against(library, proposal, RED) == "FAIL: static: as the test wants it"


LIMIT = '[review]\npeople = "auto"\nmost_lines = {}\n'


def test_a_large_change_waits_and_the_limit_itself_does_not(library):
    body = "\n".join(f"{n}." for n in range(20))
    settings(library, LIMIT.format(26))
    proposal = opened(library, body)
    assert against(library, proposal) is None
    settings(library, LIMIT.format(25))
    assert against(library, proposal) == "it changes 26 lines, and [review] most_lines is 25"


def test_beyond_the_landings_of_a_day_a_person_decides(library):
    settings(library, "[review]\nlandings_per_day = 2\n")
    for name in ("csv-a", "csv-b"):
        proposal = propose(library, created(name), trailers=AGENT)
        assert against(library, proposal) is None
        landed(library, proposal)
    proposal = propose(library, created("csv-c"), trailers=AGENT)
    reason = "2 changes landed by themselves within a day, which is [review] landings_per_day"
    assert against(library, proposal) == reason
    assert policy(library, NOW + 86_401).against_landing(proposal, GREEN, library.tip()) is None


def test_what_people_let_in_or_did_themselves_does_not_count_to_the_landings_of_a_day(library, git):
    settings(library, "[review]\nlandings_per_day = 1\n")
    landed(library, propose(library, created("csv-a"), trailers={**AGENT, "Memento-Agreed": "Ada"}))
    landed(library, propose(library, created("csv-b"), trailers={"Memento-Blame": "imported"}))
    squashed = propose(library, created("csv-s"), trailers=AGENT)
    git("merge", "-q", "--squash", squashed.branch, cwd=library.root)
    git("commit", "-q", "-C", squashed.branch, cwd=library.root)
    entry = library.log("csv-s", 1)[0]
    assert entry.trailers["Memento-Model"] == AGENT["Memento-Model"]
    asked = policy(library, entry.when + 60)
    proposal = propose(library, created("csv-c"), trailers=AGENT)
    assert asked.against_landing(proposal, GREEN, library.tip()) is None


def land_when_both_may(root, skill, both, answers):
    library = Library.open(root, now=time.time, ids=lambda: skill, durable=False)
    proposal = propose(library, created(skill), trailers=AGENT)
    asked = policy(library, time.time())
    # Once each: the policy has said yes to both by then, and main has not moved.
    meet = cache(lambda: both.wait(120))

    def trailers(report):
        meet()
        return {"Memento-Gate": "PASS E0"}

    landing = land(
        library,
        proposal,
        gate=lambda base, head: GREEN,
        trailers=trailers,
        may_land=lambda report, tip: asked.against_landing(proposal, report, tip) is None,
    )
    answers.put(landing.disposition)


def test_of_two_processes_that_may_land_the_last_one_of_a_day_one_does(library):
    settings(library, "[review]\nlandings_per_day = 1\n")
    context = multiprocessing.get_context("spawn")
    both, answers = context.Barrier(2), context.Queue()
    other = context.Process(target=land_when_both_may, args=(library.root, "csv-a", both, answers))
    other.start()
    land_when_both_may(library.root, "csv-b", both, answers)
    told = {answers.get(timeout=240) for _ in range(2)}
    other.join()
    assert told == {Disposition.LANDED, Disposition.OPEN}
    assert len([entry for entry in library.log() if entry.skill]) == len(library.proposals()) == 1


def test_a_locked_skill_is_not_even_proposed(library):
    settings(library, '[review.skills]\n"gree*" = "locked"\n')
    asked = policy(library)
    reason = 'greeter is locked: [review.skills] of memento.toml says so for "gree*"'
    assert asked.against_proposing("greeter", library.at()) == reason
    assert asked.against_proposing("csv-sums", library.at()) is None


def test_no_more_is_proposed_while_too_much_waits(library):
    settings(library, "[review]\nopen_proposals = 2\n")
    opened(library, "One.")
    assert policy(library).against_proposing("greeter", library.at()) is None
    opened(library, "Two.")
    reason = "2 proposals wait for a person, and [review] open_proposals is 2"
    assert policy(library).against_proposing("greeter", library.at()) == reason


# ---------------------------------------------------------------- where the policy is read


def test_a_proposal_cannot_bring_its_own_policy(library, git):
    git("switch", "-q", "-c", "evil", cwd=library.root)
    (library.root / "memento.toml").write_text(AUTO, "utf-8")
    git("add", ".", cwd=library.root)
    git("commit", "-q", "-m", "policy", cwd=library.root)
    commit = git("rev-parse", "HEAD", cwd=library.root).strip()
    proposal = replace(opened(library), commit=commit)
    assert against(library, proposal) == REVIEWED


def test_the_checkout_and_the_index_are_not_asked(library, git):
    (library.root / "memento.toml").write_text(AUTO, "utf-8")
    git("add", "memento.toml", cwd=library.root)
    assert against(library, opened(library)) == REVIEWED


def test_a_skill_that_was_locked_since_does_not_land(library):
    settings(library, AUTO)
    proposal = opened(library)
    settings(library, '[review.skills]\ngreeter = "locked"\n')
    locked = 'greeter is locked: [review.skills] of memento.toml says so for "greeter"'
    assert against(library, proposal) == locked


def test_a_rule_that_was_loosened_since_does_not_reach_back(library):
    proposal = opened(library)
    settings(library, AUTO)
    assert against(library, proposal) == REVIEWED


@pytest.mark.parametrize(
    "toml", ['[review]\nagent = "yes"\n', '[review.skills]\n"a" = "open"\n', "[review]\nx = 1\n"]
)
def test_a_policy_that_cannot_be_understood_lands_nothing(library, toml):
    proposal = opened(library)
    settings(library, toml)
    with pytest.raises(ConfigError, match="review"):
        against(library, proposal)


# ---------------------------------------------------------------- CODEOWNERS


@pytest.mark.parametrize("place", [".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS"])
def test_a_skill_with_an_owner_is_reviewed_and_the_owner_is_named(library, place):
    written_by_agent(library)
    library.commit_files({place: b"/skills/csv-*/ @ada @org/sums\n"}, "owners", {})
    proposal = propose(library, rewritten(library, "csv-sums", "Sum it."), trailers=AGENT)
    assert against(library, proposal) == "csv-sums is reviewed by people: CODEOWNERS names @ada, @org/sums"
    assert policy(library).standing("csv-sums", library.tip()).owners == ("@ada", "@org/sums")


def test_the_first_place_of_codeowners_counts_alone(library):
    files = {".github/CODEOWNERS": b"/other/ @bob\n", "CODEOWNERS": b"* @ada\n"}
    library.commit_files(files, "owners", {})
    assert policy(library).standing("greeter", library.tip()).owners == ()


@pytest.mark.parametrize(("pattern", "rule"), [("csv-*", "auto"), ("*", "review"), ("**", "review")])
def test_a_rule_that_names_a_skill_goes_before_its_owner_and_one_for_everything_does_not(
    library, pattern, rule
):
    files = {"CODEOWNERS": b"* @ada\n", "memento.toml": f'[review.skills]\n"{pattern}" = "auto"\n'.encode()}
    library.commit_files(files, "owners", {})
    assert policy(library).standing("csv-sums", library.tip()).rule == rule
