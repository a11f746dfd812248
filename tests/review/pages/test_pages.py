"""What the pages show, and how they are written into a folder."""

import re
from dataclasses import replace

import pytest

from memento.assemble.gates import journal_of
from memento.changes import RouteChange, TestResult
from memento.errors import UsageError
from memento.journal import Glance
from memento.library.chronicle import chronicle
from memento.review.pages.diffs import FileDiff, Part, Row, Side, side_by_side
from memento.review.pages.past import Past
from memento.review.pages.progress import Bin, Cause, Point, growth, progress_view
from memento.review.pages.proposals import change_view
from memento.review.pages.skills import rows, skill_view
from memento.review.pages.writing import MARKER, put, write
from memento.types import Fault, Result, Usage, Utility
from tests.library.changes import GREEN, created, landed, propose, rewritten
from tests.review.pages.pages import episode, leads_to, links, site
from tests.review.situations import AGENT, NOW, hands, opened


def past(library) -> Past:
    return site(library).past


def text_of(html: str) -> str:
    return " ".join(
        re.sub(r"<style>.*?</style>|<script>.*?</script>|<[^>]+>", " ", html, flags=re.DOTALL).split()
    )


# ---------------------------------------------------------------- skills


def test_a_row_says_how_often_a_skill_was_used_and_how_it_did(library):
    tree = library.at().skill("greeter").tree
    journal_of(library).record(episode("e1", skill_tree=tree))
    journal_of(library).record(episode("e2", result=Result.FAILED, skill_tree=tree, started=NOW))
    greeter, ledger = rows(past(library))
    assert (greeter.uses, greeter.used, greeter.tests) == (2, NOW, 1)
    assert greeter.utility == Utility(successes=1, failures=1)
    assert (ledger.uses, ledger.used, ledger.utility) == (0, None, Utility())
    assert (ledger.page, ledger.changed) == ("skills/ledger-totals.html", 1750000000.0)


def test_a_folder_that_can_be_no_skill_is_a_row_without_a_page(library):
    library.commit_files({"skills/Not A Skill/SKILL.md": b"nothing"}, "odd", {})
    odd = next(row for row in rows(past(library)) if row.name == "Not A Skill")
    assert odd.page is None
    assert odd.problem
    assert "Not A Skill" in text_of(site(library).page("index.html"))


def test_each_passage_of_a_skill_names_the_landing_that_wrote_it(library):
    body = "# Greeter\n\nSay hello.\n\n1. Bow.\n\n2. Smile.\n"
    landing = landed(library, propose(library, rewritten(library, "greeter", body), trailers=AGENT))
    view = skill_view(past(library), "greeter")
    first, second = view.passages
    assert [str(block) for block in second.blocks] == [
        "<ol>\n<li>\n<p>Bow.</p>\n</li>\n<li>\n<p>Smile.</p>\n</li>\n</ol>\n"
    ]
    assert (second.landing.sha, second.task, second.blame) == (landing.commit, "t1", AGENT["Memento-Blame"])
    assert second.page == f"proposals/{landing.proposal.id}.html"
    assert (first.landing.subject, first.task, first.page) == ("A library", None, None)


def test_the_versions_of_a_skill_have_their_own_records(library):
    old = library.at().skill("greeter").tree
    journal_of(library).record(episode("e1", result=Result.FAILED, skill_tree=old))
    landed(library, propose(library, rewritten(library, "greeter", "Say hello and bow."), trailers=AGENT))
    new = library.at().skill("greeter").tree
    journal_of(library).record(episode("e2", skill_tree=new))
    told = skill_view(past(library), "greeter").versions
    assert [(each.utility, each.version.current) for each in told] == [
        (Utility(successes=1, failures=0), True), (Utility(successes=0, failures=1), False),
    ]  # fmt: skip


def test_a_skill_that_is_gone_has_no_page(library):
    assert site(library).page("skills/nobody.html") is None
    assert site(library).page("skills/../index.html") is None
    assert site(library).page("skills") is None


# ---------------------------------------------------------------- changes


def test_the_page_of_a_proposal_holds_the_whole_evidence(library):
    tree = library.at().skill("greeter").tree
    journal_of(library).record(episode("e1", result=Result.FAILED, skill_tree=tree))
    report = replace(
        GREEN,
        tests=(TestResult(id="test_greets", passed=True), TestResult(id="test_leaves[1]", passed=True)),
        new_tests=("test_leaves",),
        steps=(*GREEN.steps, replace(GREEN.steps[0], name="red-to-green", detail="1 red, 1 green")),
        routes=(RouteChange(query="wave", owner="greeter", wanted=True, before=None, after="greeter"),),
    )
    proposal = opened(library, answer=report)
    hands(library).comment(proposal.id, "Why goodbye?")
    view = change_view(past(library), proposal.id)
    assert [(row.test.id, row.before, row.new) for row in view.tests] == [
        ("test_leaves[1]", False, True), ("test_greets", None, False),
    ]  # fmt: skip
    said = text_of(site(library).page(f"proposals/{proposal.id}.html"))
    for part in (
        "Waits for a person", "greeter is reviewed by people: people wrote it", "Why goodbye?",
        "planning: it never says goodbye", "test_leaves[1] new ✗ red ✓ green", "test_greets kept ✓ green",
        "red-to-green ✓ PASS 1 red, 1 green", "wave belongs to greeter no skill greeter changed",
        "Take leave of Bob.", "first wrong step", "\u2212 Say hello.", "+ Say hello and goodbye .",
        "0% 0% to 79%, n 1",
    ):  # fmt: skip
        assert part in said, part
    assert "<form" not in site(library).page(f"proposals/{proposal.id}.html"), "a folder decides nothing"


def test_a_red_to_green_that_was_never_shown_is_not_claimed(library):
    report = replace(GREEN, tests=(TestResult(id="test_leaves", passed=True),), new_tests=("test_leaves",))
    proposal = opened(library, answer=report)
    assert [row.before for row in change_view(past(library), proposal.id).tests] == [None]


def test_a_landed_and_a_refused_change_keep_their_pages(library):
    landing = landed(library, propose(library, rewritten(library, "greeter", "Say hello."), trailers=AGENT))
    refused = opened(library, "Say nothing.")
    hands(library).reject(refused.id, "It must speak.")
    made = site(library)
    assert "Landed" in text_of(made.page(f"proposals/{landing.proposal.id}.html"))
    said = text_of(made.page(f"proposals/{refused.id}.html"))
    assert "Refused" in said
    assert "It must speak." in said
    listed = text_of(made.page("proposals.html"))
    assert listed.index("Landed") < listed.index("Refused") < listed.index("It must speak.")


def test_an_id_that_is_no_plain_word_has_a_page_of_another_name(library, git):
    opened(library)
    git("branch", "-m", "memento/greeter/id0", 'memento/greeter/O"x&', cwd=library.root)
    made = site(library)
    (page,) = (path for path in made.paths() if path.startswith("proposals/"))
    assert re.fullmatch(r"proposals/_[0-9a-f]{24}\.html", page)
    assert made.proposal(page) == 'O"x&'
    assert page in links(made.page("proposals.html"))


def test_a_diff_stands_side_by_side():
    diff = (
        "diff --git a/x/SKILL.md b/x/SKILL.md\nindex 1..2 100644\n--- a/x/SKILL.md\n+++ b/x/SKILL.md\n"
        "@@ -1,3 +1,4 @@ head\n same\n-say hello\n--- rule\n+say hullo\n+\n+@@ -1 +1 @@\n same\n"
        "@@ -9 +10 @@\n-last\n\\ No newline at end of file\n"
        "diff --git a/b b/b\nnew file mode 100644\nBinary files /dev/null and b/b differ\n"
    )

    def plain(number, text, *, changed):
        return Side(number=number, parts=(Part(text=text),), changed=changed)

    assert side_by_side(diff) == (
        FileDiff(path="x/SKILL.md", remark="", rows=(
            Row(old=plain(1, "same", changed=False), new=plain(1, "same", changed=False)),
            Row(
                old=Side(number=2, parts=(Part(text="say "), Part(text="hello", changed=True)), changed=True),
                new=Side(number=2, parts=(Part(text="say "), Part(text="hullo", changed=True)), changed=True),
            ),
            Row(old=plain(3, "-- rule", changed=True), new=plain(3, "", changed=True)),
            Row(old=None, new=plain(4, "@@ -1 +1 @@", changed=True)),
            Row(old=plain(4, "same", changed=False), new=plain(5, "same", changed=False)),
            Row(old=None, new=None),
            Row(old=plain(9, "last", changed=True), new=None),
        )),
        FileDiff(path="b", rows=(), remark="new file mode 100644; Binary files /dev/null and b/b differ"),
    )  # fmt: skip


def test_lines_that_resemble_each_other_stand_side_by_side():
    diff = "diff --git a/x b/x\n@@ -1,3 +1,2 @@\n-# Title\n-\n-say hello to all\n+say hello to nobody\n+new\n"
    ((rows),) = [file.rows for file in side_by_side(diff)]
    assert [(row.old and row.old.number, row.new and row.new.number) for row in rows] == [
        (1, None), (2, None), (3, 1), (None, 2),
    ]  # fmt: skip


def test_a_long_line_and_a_long_diff_are_cut_and_say_so():
    removed, added = "x" * 1500, "x" * 1499
    many = "".join(f"-line {n}\n+line {n} more\n" for n in range(4000))
    (file,) = side_by_side(f"diff --git a/x b/x\n@@ -1 +1 @@\n-{removed}\n+{added}\n{many}")
    assert (len(file.rows), file.remark) == (3000, "only the first 3000 rows are shown")
    assert file.rows[0].old == Side(number=1, parts=(Part(text=f"{'x' * 1000} … 500 more"),), changed=True)


# ---------------------------------------------------------------- progress


def glance(number: int, task: str, result: Result, *, attempt: int = 0, fault: Fault | None = None) -> Glance:
    return Glance(
        id=f"e{number}", task=task, text="", attempt=attempt, skill="greeter", skill_tree=None, result=result,
        fault=fault, model="m", started=float(number), usage=Usage(calls=1, input_tokens=10, usd=None),
    )  # fmt: skip


def view_of(library, *glances: Glance):
    made = past(library)
    made.__dict__["glances"] = glances  # what a cached property holds once it was read
    return progress_view(made)


def test_first_attempts_and_retries_are_counted_apart(library):
    passed, failed, unjudged = Result.PASSED, Result.FAILED, Result.UNJUDGED
    view = view_of(
        library,
        glance(1, "a", failed, fault=Fault.TOOL), glance(2, "a", passed, attempt=1),
        glance(3, "b", passed), glance(4, "c", unjudged), glance(5, "d", failed, fault=Fault.ENVIRONMENT),
        glance(6, "lost", passed, attempt=2),
        glance(7, "a", failed), glance(8, "e", passed),
    )  # fmt: skip
    assert view.bins == (
        Bin(
            first=1, last=5, alone=Utility(successes=2, failures=3), retried=Utility(successes=3, failures=2),
            tokens=12.0,
        ),
    )  # fmt: skip
    assert (view.unjudged, view.solved) == (1, 3)
    assert view.causes == (
        Cause(fault=Fault.TOOL, count=1), Cause(fault=Fault.ENVIRONMENT, count=1), Cause(fault=None, count=1),
    )  # fmt: skip
    assert [cause.teaches for cause in view.causes] == [True, False, False]
    assert view.spent[0].usage == Usage(calls=8, input_tokens=80, usd=None), "an unknown price stays unknown"


def test_the_library_grows_and_shrinks_as_it_did(library, git):
    landed(library, propose(library, created("adder")))
    git("reset", "-q", "--hard", cwd=library.root)
    git("rm", "-q", "-r", "skills/greeter", cwd=library.root)
    git("commit", "-q", "-m", "gone", cwd=library.root)
    assert growth(chronicle(library.git, library.tip())) == (
        Point(when=1750000000.0, count=1), Point(when=1760000000.0, count=2),
    )  # fmt: skip


def test_simulated_figures_are_stamped(library):
    assert "SIMULATED" not in text_of(site(library).page("index.html"))
    journal_of(library).record(episode("e1", model="SIMULATED (seed 0)"))
    assert "SIMULATED" in text_of(site(library).page("progress.html"))


# ---------------------------------------------------------------- the folder


def test_a_report_is_whole_and_every_link_in_it_leads_somewhere(library, tmp_path):
    journal_of(library).record(episode("e1", result=Result.FAILED))
    opened(library)
    landed(library, propose(library, rewritten(library, "ledger-totals", "Add."), trailers=AGENT))
    folder = tmp_path / "out" / "report"
    written = write(site(library), folder)
    pages = sorted(str(path.relative_to(folder)) for path in folder.rglob("*.html"))
    assert written.pages == len(pages) == 8
    assert (folder / ".nojekyll").read_bytes() == b""
    for page in pages:
        for link in links((folder / page).read_text("utf-8")):
            assert leads_to(folder, page, link), (page, link)
    assert [path.name for path in folder.parent.iterdir()] == ["report"], "nothing is left beside it"


def test_an_older_report_is_replaced_whole(library, tmp_path):
    opened(library)
    folder = tmp_path / "report"
    write(site(library), folder)
    assert (folder / "proposals" / "id0.html").exists()
    hands(library).reject("id0", "no")
    journal_of(library).path.unlink()
    write(site(library), folder)
    assert not (folder / "proposals").exists()
    assert [path.name for path in tmp_path.iterdir() if "report" in path.name] == ["report"]


@pytest.mark.parametrize("foreign", ["CNAME", "skills/mine.html", ".git"])
def test_a_folder_with_something_else_in_it_is_refused(library, tmp_path, foreign):
    folder = tmp_path / "report"
    write(site(library), folder)
    (folder / foreign).write_text("mine", "utf-8")
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    with pytest.raises(UsageError, match=re.escape(foreign)):
        write(site(library), folder)
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before


def test_a_marker_that_we_did_not_write_lists_nothing(library, tmp_path):
    (tmp_path / "report").mkdir()
    (tmp_path / "report" / MARKER).write_text("Important:\nthesis.doc\n", "utf-8")
    (tmp_path / "report" / "thesis.doc").write_text("years of work", "utf-8")
    with pytest.raises(UsageError, match="no report wrote"):
        write(site(library), tmp_path / "report")
    with pytest.raises(UsageError, match="is a file"):
        write(site(library), tmp_path / "report" / "thesis.doc")


def test_a_report_that_cannot_take_its_place_puts_the_old_one_back(tmp_path):
    old, folder = tmp_path / "aside", tmp_path / "report"
    old.mkdir()
    (old / "index.html").write_text("old", "utf-8")
    with pytest.raises(UsageError, match="Run the command again"):
        put(tmp_path / "never written", old, folder)
    assert (folder / "index.html").read_text("utf-8") == "old"


def test_a_report_that_breaks_off_leaves_the_old_one(library, tmp_path):
    folder = tmp_path / "report"
    write(site(library), folder)
    before = (folder / "index.html").read_bytes()
    broken = site(library)
    broken.past.__dict__["glances_of"] = None  # the page of a skill cannot be made
    with pytest.raises(AttributeError):
        write(broken, folder)
    assert (folder / "index.html").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir() if "report" in path.name] == ["report"]
