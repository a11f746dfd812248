"""blame, history and bisect: what main's commits and the journal's runs say about a skill."""

import itertools

import pytest

from memento.errors import LibraryError
from memento.journal import Journal
from memento.library.lineage import origins
from memento.review.bisect import Found, bisect
from memento.review.causes import causes
from memento.review.versions import versions
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
    Verdict,
)
from tests.library.changes import landed, propose, rewritten


@pytest.fixture
def journal(library) -> Journal:
    return Journal(path=library.state / "journal.db")


def change(library, body: str, task: str, kind: ChangeKind = ChangeKind.OPTIMISE) -> str:
    """Land another body of the greeter; the commit."""
    trailers = {"Memento-Task": task, "Memento-Episode": f"episode of {task}"}
    return landed(
        library, propose(library, rewritten(library, "greeter", body, kind), trailers=trailers)
    ).commit


COUNT = itertools.count()


def run(
    library, journal, result: Result, *, at: str | None = None, fault: Fault | None = None, task="t"
) -> None:
    """Record one run of the task with the library as it is, or as it was at a commit."""
    snapshot = library.at(at)
    failed = result is Result.FAILED
    journal.record(
        Episode(
            id=f"run {next(COUNT)}",
            task=Task(id=task, text="greet"),
            attempt=0,
            library=snapshot.commit,
            model="scripted",
            route=Route(skill="greeter", confidence=1.0),
            skill_tree=snapshot.skill("greeter").tree,
            trajectory=Trajectory(steps=(), answer="hello", stop=Stop.ANSWERED),
            verdict=Verdict(result=result, rationale="", by="checker"),
            blame=Blame(fault=fault or Fault.REASONING, skill="greeter", explanation="") if failed else None,
        )
    )


# ---------------------------------------------------------------- blame


def test_each_paragraph_has_the_task_and_episode_that_caused_it(library):
    start = library.tip()
    first = change(library, "# Greeter\n\nSay hello.\n\nBow.", "bowing")
    second = change(library, "# Greeter\n\nSay hello\nand good day.\n\nBow.", "good-day")
    found = causes(library, "greeter")
    assert [(p.text.split("\n")[0], p.landing.sha, p.task, p.episode, p.earlier) for p in found] == [
        ("---", start, None, None, ()),
        ("# Greeter", start, None, None, ()),
        ("Say hello", second, "good-day", "episode of good-day", ()),
        ("Bow.", first, "bowing", "episode of bowing", ()),
    ]
    text = library.at().folder("greeter")["SKILL.md"].data.decode().split("\n")
    assert all("\n".join(text[p.first_line - 1 : p.last_line]) == p.text for p in found)


def test_a_paragraph_names_the_earlier_landings_of_its_other_lines(library):
    first = change(library, "Say hello.\nBow.", "bowing")
    second = change(library, "Say hello.\nBow.\nSmile.", "smiling")
    assert [(p.task, p.earlier) for p in causes(library, "greeter")[1:]] == [
        ("smiling", (first, library.at(f"{first}^1").commit))
    ]
    assert causes(library, "greeter")[1].landing.sha == second


def test_code_with_blank_lines_is_one_paragraph(library):
    change(library, "Run:\n\n```sh\none\n\n~~~\n\ntwo\n```\n\nDone.", "coding")
    assert [p.text for p in causes(library, "greeter")][1:] == [
        "Run:",
        "```sh\none\n\n~~~\n\ntwo\n```",
        "Done.",
    ]


def test_blame_runs_no_program_that_the_repository_names(library, git, tmp_path):
    canary = tmp_path / "canary"
    git("config", "diff.evil.textconv", f"touch {canary}; cat", cwd=library.root)
    git("config", "blame.ignoreRevsFile", "no such file", cwd=library.root)
    (library.root / ".git" / "info").mkdir(exist_ok=True)
    (library.root / ".git" / "info" / "attributes").write_text("*.md diff=evil\n", "utf-8")
    assert len(causes(library, "greeter")) == 3
    assert not canary.exists()


def test_who_asks_for_an_unknown_skill_is_told_what_to_do(library, journal):
    for name in ("nobody", "--output=x", "../x"):
        with pytest.raises(LibraryError, match="memento list"):
            causes(library, name)
        with pytest.raises(LibraryError):
            versions(library, journal, name)
        with pytest.raises(LibraryError):
            bisect(library, journal, name, "t")


# ---------------------------------------------------------------- history


def test_every_version_has_its_own_record(library, journal):
    run(library, journal, Result.PASSED)
    change(library, "changed", "one")
    run(library, journal, Result.FAILED)
    run(library, journal, Result.PASSED)
    change(library, "changed again", "two", ChangeKind.DISCOVER)
    found = versions(library, journal, "greeter")
    assert [(v.version, v.kind, v.task, v.successes, v.failures, v.utility, v.current) for v in found] == [
        ("0.1.0", "discover", "two", 0.0, 0.0, None, True),
        ("0.0.1", "optimise", "one", 1.0, 1.0, 0.5, False),
        ("0.0.0", None, None, 1.0, 0.0, 1.0, False),
    ]
    assert found[0].tree == library.at().skill("greeter").tree
    assert found[0].evidence == "PASS E0"


def test_a_commit_that_changes_only_tests_makes_no_version(library, journal):
    library.commit_files({"skill_tests/test_greeter.py": b"def test_more(): pass\n"}, "tests", {})
    assert [v.version for v in versions(library, journal, "greeter")] == ["0.0.0"]


def test_a_version_that_nobody_could_read_is_listed(library, journal):
    library.commit_files({"skills/greeter/SKILL.md": b"# no frontmatter\n"}, "break it", {})
    library.commit_files({"skills/greeter/SKILL.md": None}, "remove it", {})
    assert [(v.version, v.tree is None) for v in versions(library, journal, "greeter")] == [
        ("", True),
        ("", False),
        ("0.0.0", False),
    ]


# ---------------------------------------------------------------- bisect


def test_the_landing_between_a_pass_and_a_failure_broke_it(library, journal):
    run(library, journal, Result.PASSED)
    change(library, "better", "other")
    run(library, journal, Result.PASSED)
    guilty = change(library, "worse", "another")
    run(library, journal, Result.FAILED)
    change(library, "no better", "last")
    run(library, journal, Result.FAILED)
    answer = bisect(library, journal, "greeter", "t")
    assert (answer.found, [s.sha for s in answer.suspects]) == (Found.LANDING, [guilty])
    assert [(v.passed, v.failed) for v in answer.versions] == [(1, 0), (1, 0), (0, 1), (0, 1)]


def test_versions_that_were_never_tried_narrow_it_only(library, journal):
    run(library, journal, Result.PASSED)
    one, two = change(library, "one", "a"), change(library, "two", "b")
    run(library, journal, Result.FAILED)
    answer = bisect(library, journal, "greeter", "t")
    assert (answer.found, [s.sha for s in answer.suspects]) == (Found.NARROWED, [one, two])
    assert answer.reason == "one of 2 landings: the versions between were never tried with it"
    run(library, journal, Result.PASSED, at=one)
    assert [s.sha for s in bisect(library, journal, "greeter", "t").suspects] == [two]


def test_an_outage_and_what_could_not_be_judged_say_nothing(library, journal):
    run(library, journal, Result.PASSED)
    change(library, "one", "a")
    for fault in (Fault.ENVIRONMENT, Fault.MODEL, Fault.JUDGE):
        run(library, journal, Result.FAILED, fault=fault)
    run(library, journal, Result.UNJUDGED)
    answer = bisect(library, journal, "greeter", "t")
    assert (answer.found, answer.reason) == (
        Found.UNDECIDED,
        "it passes with the newest version that was tried: nothing is broken",
    )


def test_runs_that_do_not_agree_decide_nothing(library, journal):
    run(library, journal, Result.PASSED)
    change(library, "one", "a")
    run(library, journal, Result.PASSED)
    run(library, journal, Result.FAILED)
    answer = bisect(library, journal, "greeter", "t")
    assert (answer.found, answer.suspects) == (Found.UNDECIDED, ())
    assert answer.reason == "since it last passed, its runs do not agree with each other"


def test_a_task_that_never_passed_was_broken_by_nobody(library, journal):
    run(library, journal, Result.FAILED)
    assert bisect(library, journal, "greeter", "t").reason.startswith("it never passed")
    with pytest.raises(LibraryError, match="no run of a task 'other'"):
        bisect(library, journal, "greeter", "other")


def test_a_run_on_a_commit_beside_main_does_not_count(library, journal):
    run(library, journal, Result.PASSED)
    proposal = propose(library, rewritten(library, "greeter", "beside"))
    run(library, journal, Result.FAILED, at=proposal.commit)
    assert bisect(library, journal, "greeter", "t").versions[0].failed == 0


def test_a_landing_of_another_skill_is_no_suspect(library, journal):
    run(library, journal, Result.PASSED)
    landed(library, propose(library, rewritten(library, "ledger-totals", "other")))
    guilty = change(library, "worse", "a")
    run(library, journal, Result.FAILED)
    assert [s.sha for s in bisect(library, journal, "greeter", "t").suspects] == [guilty]


def test_origins_of_a_file_with_windows_line_ends_are_lines_without_them(library):
    library.commit_files({"skills/greeter/SKILL.md": b"---\r\ndescription: d\r\n---\r\nHi.\r\n"}, "crlf", {})
    assert [line.text for line in origins(library.git, library.tip(), "greeter")][-1] == "Hi."
