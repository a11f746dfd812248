"""The pages in a real browser: what a person sees and does, by mouse and keyboard, on small screens."""

import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from memento.assemble.ambience import Ambience
from memento.assemble.gates import journal_of, lazy_sandbox_of
from memento.assemble.reviews import server_of
from memento.changes import Disposition, Landing, RouteChange, TestResult
from memento.config import load
from memento.library import Library
from memento.review.pages.serving import Server
from memento.review.pages.writing import write
from memento.types import Fault, Result
from tests.library.changes import GREEN, UNSURE, landed, propose, rewritten
from tests.review.pages.pages import episode, hostile, site
from tests.review.situations import AGENT, NOW, hands, opened

pytestmark = [pytest.mark.real, pytest.mark.xdist_group("browser")]

ENTER, TAB = "\ue007", "\ue004"
TEXT = """\
# Greeter

Say hello, then take leave:

1. Look up the name: `grep --ignore-case --max-count=1 "name" people.csv`.
2. Say hello and goodbye.

| tongue | word |
|---|---|
| English | hello |

See [the guide](https://example.org/greetings).
"""


def with_a_past(library: Library) -> Library:
    """Attempts, a landing, a refusal, and a proposal that waits."""
    journal = journal_of(library)
    tree = library.at().skill("greeter").tree
    for number in range(24):
        failed = number % 3 == 1 and number < 16
        result = Result.FAILED if failed else Result.PASSED
        journal.record(episode(f"e{number}", result=result, skill_tree=tree, started=NOW + number))
    slip = episode("slip", result=Result.FAILED)
    journal.record(replace(slip, blame=replace(slip.blame, fault=Fault.ENVIRONMENT)))
    landed(
        library,
        propose(library, rewritten(library, "greeter", "# Greeter\n\nSay hello.\n\nBow."), trailers=AGENT),
    )
    refused = opened(library, "Say nothing.")
    hands(library).reject(refused.id, "It must speak, or nobody hears it.")
    report = replace(
        UNSURE,
        tests=(
            TestResult(id="test_greets", passed=True),
            TestResult(id="test_takes_leave_of_a_person", passed=True),
        ),
        new_tests=("test_takes_leave_of_a_person",),
        steps=(
            replace(
                GREEN.steps[0], name="red-to-green", detail="1 red on the parent, green on the candidate"
            ),
            *UNSURE.steps,
        ),
        routes=(
            RouteChange(query="wave to Bob", owner="greeter", wanted=True, before=None, after="greeter"),
        ),
    )
    change = replace(rewritten(library, "greeter", TEXT), idea="take leave of a person after the greeting")
    proposal = propose(library, change, trailers=AGENT, tainted=True)
    journal.ideas.record(
        Landing(proposal=proposal, disposition=Disposition.OPEN, report=report), episode="e1"
    )
    return library


@pytest.fixture
def lived(library: Library) -> Library:
    return with_a_past(library)


@pytest.fixture(scope="module")
def report(library_at: Callable[..., Library], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pages of such a library, to be looked at only."""
    folder = tmp_path_factory.mktemp("report")
    write(site(with_a_past(library_at(folder / "library"))), folder / "pages")
    return folder / "pages"


@pytest.fixture
def server(lived: Library) -> Iterator[Server]:
    """The real one, with the real gate in the real sandbox."""
    config = load("", {})
    made = server_of(
        lived, lazy_sandbox_of(config, os.environ), Ambience(), config=config, environ=os.environ, port=0
    )
    threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield made
    made.shutdown()
    made.server_close()


def pages(report: Path) -> list[str]:
    """One of each kind; of the changes, the one that waits."""
    waits = next(
        page for page in report.glob("proposals/*") if "Waits for a person" in page.read_text("utf-8")
    )
    return [
        "index.html",
        "skills/greeter.html",
        "proposals.html",
        f"proposals/{waits.name}",
        "progress.html",
    ]


def name_of(page: str) -> str:
    return page.removesuffix(".html").partition("/")[0] if "/" not in page else page.split("s/")[0]


def test_a_folder_s_pages_fit_every_screen_and_everybody(browser, report):
    """360 and 1440 pixels, light and dark; axe-core finds nothing serious; nothing is asked of elsewhere."""
    for page in pages(report):
        browser.open((report / page).as_uri())
        for width in (360, 1440):
            for dark in (False, True):
                browser.look(width, dark=dark)
                assert browser.overflow() <= 0, (page, width)
                browser.shoot(f"{name_of(page)}-{width}-{'dark' if dark else 'light'}")
                if dark == (width == 360):
                    assert browser.problems() == [], (page, width, dark)
    assert all(url.startswith(report.as_uri()) for url in browser.asked())
    assert browser.console() == []


def test_a_hostile_library_does_nothing_in_a_browser(browser, library, tmp_path):
    made = site(hostile(library))
    write(made, tmp_path / "report")
    for page in made.paths():
        browser.open((tmp_path / "report" / page).as_uri())
        for width in (360, 1440):
            browser.look(width)
            assert browser.overflow() <= 0, (page, width)
        browser.all("summary") and browser.driver.execute_script(
            "document.querySelectorAll('details').forEach((each) => { each.open = true })"
        )
        assert browser.overflow() <= 0, page
        assert browser.driver.execute_script("return document.scripts.length") == 1
        assert browser.driver.execute_script("return document.images.length") == 0
    assert all(url.startswith("file://") for url in browser.asked())
    assert browser.console() == []


def test_a_script_that_got_into_a_page_would_not_run(browser, library, tmp_path):
    """The last wall alone: what escaping missed, the page's policy stops."""
    write(site(library), tmp_path / "report")
    page = tmp_path / "report" / "index.html"
    evil = (
        "<script>document.title = 'owned'</script>"
        "<img src='https://evil.example/p.png' onerror=\"document.title = 'owned'\">"
        "<style>h1 {color: rgb(1, 2, 3)}</style><p style='color: rgb(1, 2, 3)'>x</p>"
        "<form id=f action='https://evil.example/'></form><iframe src='index.html'></iframe></main>"
    )
    page.write_text(page.read_text("utf-8").replace("</main>", evil), "utf-8")
    browser.open(page.as_uri())
    assert browser.driver.title == "Skills · library"
    colours = "return ['h1', 'main > p'].map((s) => getComputedStyle(document.querySelector(s)).color)"
    assert "rgb(1, 2, 3)" not in browser.driver.execute_script(colours)
    browser.driver.execute_script("document.getElementById('f').submit()")
    assert browser.driver.current_url == page.as_uri()
    assert not [url for url in browser.asked() if "evil" in url]
    assert len([said for said in browser.console() if "Content Security Policy" in said]) >= 5


def test_a_skill_is_found_by_typing_and_opened_by_the_keyboard_alone(browser, report):
    browser.open((report / "index.html").as_uri())
    browser.press("/", "ledger AMOUNTS")
    assert [row.text.split("\n")[0] for row in browser.all("tbody tr") if row.is_displayed()] == [
        "ledger-totals"
    ]
    assert browser.one("#found").text == "1 of 2"
    browser.press("\ue003" * 20)
    assert browser.one("#found").text == ""
    browser.press("no such thing")
    assert browser.one("#nothing").is_displayed()
    browser.press("\ue003" * 20)
    browser.press("greet")
    browser.tab_to("greeter")
    browser.press(ENTER)
    browser.wait(lambda: browser.one("h1").text.startswith("greeter"))
    assert browser.driver.current_url.endswith("/skills/greeter.html")


def test_the_library_is_sorted_by_a_click_or_a_key(browser, report):
    browser.open((report / "index.html").as_uri())

    def order() -> list[str]:
        return [cell.text for cell in browser.all("tbody .name")]

    assert order() == ["greeter", "ledger-totals"]
    browser.one("th[data-sort].utility button").click()
    assert order() == ["greeter", "ledger-totals"], "the best first"
    browser.one("th[data-sort].utility button").click()
    assert order() == ["ledger-totals", "greeter"]
    assert browser.one("th.utility").get_attribute("aria-sort") == "ascending"
    browser.tab_to("Skill")
    browser.press(ENTER)
    assert order() == ["greeter", "ledger-totals"]


def test_a_proposal_is_approved_by_the_keyboard_alone_and_stands_in_git(browser, lived, server):
    (proposal,) = lived.proposals()
    browser.open(server.guard.start)
    browser.tab_to("Skip to content")
    browser.tab_to("Changes 1 waiting")
    browser.press(ENTER)
    browser.wait(lambda: browser.one("h1").text == "Changes")
    browser.tab_to(browser.one("tbody th a").text)
    browser.press(ENTER)
    browser.wait(lambda: browser.all("#approve"))
    for width in (360, 1440):
        browser.look(width)
        assert browser.overflow() <= 0
        assert browser.problems() == []
        browser.shoot(f"decide-{width}-light")
    browser.tab_to("Approve and land")
    browser.press(ENTER)
    browser.wait(lambda: "Landed on main as" in browser.one("[role=status]").text)
    browser.shoot("landed-1440-light")
    entry = lived.log(limit=1)[0]
    assert f"Landed on main as {entry.sha[:10]}" in browser.one("[role=status]").text
    assert entry.trailers["Memento-Proposal"] == proposal.id
    assert "INDECISIVE" in browser.one(".lede").text, "the gate's own word, whoever agreed"
    assert "take leave" in lived.at().skill("greeter").body
    assert lived.proposals() == ()
    assert browser.problems() == []
    assert {url.split("/")[2] for url in browser.asked() if url.startswith("http")} == {
        f"127.0.0.1:{server.guard.port}"
    }
    assert [said for said in browser.console() if "favicon" not in said] == []


def test_a_proposal_is_rejected_with_a_reason(browser, lived, server):
    (proposal,) = lived.proposals()
    browser.open(server.guard.start)
    browser.open(f"http://127.0.0.1:{server.guard.port}{server.guard.base}proposals/{proposal.id}.html")
    browser.look(360, dark=True)
    browser.one("details:has(#reason) summary").click()
    assert (browser.problems(), browser.overflow()) == ([], 0)
    browser.shoot("reject-360-dark")
    browser.one("#reason").send_keys("It says too much.")
    browser.one("form[action$='/reject'] button").click()
    browser.wait(lambda: "Rejected" in browser.one("[role=status]").text)
    assert lived.proposals() == ()
    assert "It says too much." in journal_of(lived).ideas.of("greeter")[-1].reason


def test_a_page_of_elsewhere_can_neither_read_nor_decide(browser, lived, server, tmp_path):
    """A page in the same browser, let in or not, with whatever it may try."""
    (proposal,) = lived.proposals()
    base = f"http://127.0.0.1:{server.guard.port}{server.guard.base}"
    browser.open(server.guard.start)
    evil = tmp_path / "evil.html"
    evil.write_text(
        f"<form method=post action='{base}proposals/{proposal.id}/approve'>"
        f"<input name=csrf value='{server.guard.csrf}'><input name=commit value='{proposal.commit}'></form>"
        f"<iframe src='{base}index.html'></iframe>",
        "utf-8",
    )
    browser.open(evil.as_uri())
    read = browser.driver.execute_async_script(
        f"const done = arguments[0]; fetch('{base}index.html', {{credentials: 'include'}})"
        ".then((r) => r.text()).then(done, () => done('nothing'))"
    )
    assert read == "nothing"
    browser.driver.execute_script("document.forms[0].submit()")
    browser.wait(lambda: "not sent from these pages" in browser.one("body").text
                 or "Another site" in browser.one("body").text)  # fmt: skip
    assert [each.id for each in lived.proposals()] == [proposal.id]
