"""The guard: a task's text or answer that stands in the library is named; a form that tasks share is not."""

from memento.evals.datasets.items import made
from memento.evals.guard import Leak, leaks
from memento.testing.snapshots import MemorySnapshot
from memento.types import File
from tests.evals.conftest import item

SECRET = (
    "On a rainy Tuesday the lighthouse keeper of Anholt counted forty seven puffins before his breakfast."
)
FORM = "Answer with a number or as few words as will do and write no unit unless asked for."


def library(body: str = "", *, script: str = "", tips: str = "") -> MemorySnapshot:
    document = f"---\nname: sums\ndescription: Adds. Use when numbers are to be added.\n---\n\n{body}\n"
    folder = {"SKILL.md": File(data=document.encode()), "scripts/a.py": File(data=script.encode())}
    return MemorySnapshot(skills={"sums": folder}, tip_text=tips)


def tasks(*texts: str):
    return [item(n + 50_000, f"{text} {FORM}") for n, text in enumerate(texts)]


OTHER = "Name the tallest of the three chimneys that stood beside the old brewery in Faxe."


def test_twelve_words_of_a_task_in_a_skill_a_script_or_the_tips_are_a_leak():
    half = " ".join(SECRET.split()[:12])
    expected = (Leak(task="t50000", skill="sums", what="text"),)
    assert leaks(tasks(SECRET, OTHER), library(half.upper().replace(" ", "\n"))) == expected
    assert leaks(tasks(SECRET, OTHER), library(script=f"# {half}")) == expected
    assert leaks(tasks(SECRET, OTHER), library(tips=half)) == (
        Leak(task="t50000", skill="tips.md", what="text"),
    )


def test_eleven_words_are_none():
    assert leaks(tasks(SECRET, OTHER), library(" ".join(SECRET.split()[:11]))) == ()


def test_words_that_several_tasks_share_are_a_form_and_no_leak():
    assert leaks(tasks(SECRET, OTHER), library(FORM)) == ()
    one, other = made("set", "test", tasks(SECRET, OTHER)).limited(1), tasks(SECRET, OTHER)
    assert (len(one.items), {item.id for item in (*one.items, *one.others)}) == (1, {i.id for i in other})
    assert leaks(one.items, library(FORM), others=one.others) == (), "also of a set that is cut to one task"
    assert len(leaks(one.items, library(FORM))) == 1


def test_a_short_task_is_a_leak_as_a_whole():
    short = [item(50_000, "Who painted the blue door?"), item(50_001, "Why?")]
    assert leaks(short, library("Q: who painted the blue door")) == (
        Leak(task="t50000", skill="sums", what="text"),
    )
    assert leaks(short, library("Why?")) == ()


def test_an_answer_in_a_skill_is_a_leak_unless_it_stood_there_from_the_beginning():
    found = (Leak(task="t50000", skill="sums", what="answer"),)
    assert leaks(tasks(SECRET), library("The total was 100000.")) == found
    assert leaks(tasks(SECRET), library("The total was 100000."), known="at most 100000 rows") == ()
    assert leaks(tasks(SECRET), library("The total was 100001.")) == ()
