"""What a person merged with their own git has the trailers of the proposal, if it is the proposal."""

import pytest

from memento.changes import Disposition, Exam
from memento.errors import LibraryError
from memento.library.merged import NOTES
from memento.library.proposals import conflict
from memento.types import ChangeKind
from tests.library.changes import created, landed, propose, rewritten

TRAILERS = {
    "Memento-Proposal": "id0",
    "Memento-Skill": "greeter",
    "Memento-Kind": ChangeKind.OPTIMISE.value,
    "Memento-Idea": "say hello there",
    "Memento-Task": "t1",
}


@pytest.fixture
def proposal(library):
    exam = Exam(skill="greeter", test_file=b"def test_x(): ...\n", new_tests=("test_x",), digest="d" * 64)
    return propose(library, rewritten(library, "greeter", "hello there"), exam)


def newest(library, skill="greeter"):
    entry = library.log(skill, 1)[0]
    return entry.skill, entry.trailers


def test_a_merge_by_hand_is_the_landing_of_the_proposal(library, git, proposal):
    git("merge", "-q", "--no-ff", "-m", "looks good", proposal.branch, cwd=library.root)
    assert newest(library) == ("greeter", TRAILERS)


def test_what_main_has_already_is_not_landed_once_more(library, git, proposal):
    git("merge", "-q", "--no-ff", "-m", "looks good", proposal.branch, cwd=library.root)
    fix = "Main has all of this already: `git branch -D memento/greeter/id0` ends it."
    assert conflict(library.git, proposal, library.tip()) == fix
    refs = git("for-each-ref", cwd=library.root)
    with pytest.raises(LibraryError, match="Main has all of this already"):
        landed(library, proposal)
    assert git("for-each-ref", cwd=library.root) == refs


def test_the_same_change_written_twice_lands_once_and_the_other_is_discarded(library, proposal):
    twin = propose(library, rewritten(library, "greeter", "hello there"), proposal.exam)
    landed(library, twin)
    again = landed(library, proposal)
    assert (again.disposition, again.report.reason.partition(": `")[0]) == (
        Disposition.DISCARDED,
        "merge: Main has all of this already",
    )
    assert library.proposals() == ()


def test_a_merge_that_changed_the_skill_on_its_way_is_the_persons_own(library, git, proposal):
    git("merge", "-q", "--no-ff", "--no-commit", proposal.branch, cwd=library.root)
    (library.root / "skills/greeter/SKILL.md").write_text("---\nname: greeter\ndescription: Mine.\n---\n")
    git("commit", "-qam", "looks good", cwd=library.root)
    assert newest(library) == (None, {})


def test_a_merge_that_brought_something_else_says_nothing(library, git):
    git("switch", "-q", "-c", "topic", cwd=library.root)
    (library.root / "skills/greeter/SKILL.md").write_text("---\nname: greeter\ndescription: Mine.\n---\n")
    git("commit", "-qam", "mine\n\nMemento-Model: me", cwd=library.root)
    git("switch", "-q", "main", cwd=library.root)
    git("merge", "-q", "--no-ff", "-m", "topic", "topic", cwd=library.root)
    assert newest(library) == (None, {})


@pytest.mark.parametrize("name", ["../..", "Greeter", "a\tb"])
def test_a_name_that_is_none_of_a_skill_is_not_followed(library, git, name):
    message = f"mine\n\nMemento-Proposal: x\nMemento-Skill: {name}"
    git("switch", "-q", "-c", "topic", cwd=library.root)
    git("commit", "-q", "--allow-empty", "-m", message, cwd=library.root)
    git("switch", "-q", "main", cwd=library.root)
    git("merge", "-q", "--no-ff", "-m", "topic", "topic", cwd=library.root)
    assert library.log(limit=1)[0].trailers == {}


def test_our_own_landing_is_taken_at_its_word_and_a_merge_of_three_at_none(library, git, proposal):
    other = propose(library, created("csv-sums"))
    git("merge", "-q", "--no-ff", "-m", "all\n\nMemento-Skill: greeter", proposal.branch, cwd=library.root)
    assert newest(library) == ("greeter", {"Memento-Skill": "greeter"})
    third = propose(library, created("csv-more"))
    git("merge", "-q", "--no-ff", "-m", "all", other.branch, third.branch, cwd=library.root)
    assert newest(library, "csv-sums") == (None, {})


def test_a_note_says_what_the_commit_does_not(library, git, proposal):
    git("merge", "-q", "--squash", proposal.branch, cwd=library.root)
    git("commit", "-q", "-m", "looks good", cwd=library.root)
    assert newest(library) == (None, {})
    note = "Merged as x\n\nMemento-Skill: greeter\nMemento-Agreed: Ada"
    git("notes", f"--ref={NOTES}", "add", "-m", note, "main", cwd=library.root)
    assert newest(library) == ("greeter", {"Memento-Skill": "greeter", "Memento-Agreed": "Ada"})
