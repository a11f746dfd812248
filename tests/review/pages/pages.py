"""Situations for the pages: their sites, hostile text, and what a browser would make of a page.

site(library)      the static site of a library
hostile(library)   the same library after everything that can be named has been named with malice
risky(html)        whatever of a page would run, load or lead elsewhere
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from pathlib import Path

from memento.assemble.gates import journal_of
from memento.changes import Disposition, GateOutcome, Landing, RouteChange, TestResult
from memento.library import Library
from memento.review.pages.past import Past
from memento.review.pages.render import Renderer
from memento.review.pages.site import Site
from memento.types import (
    Blame,
    Episode,
    Fault,
    Result,
    Route,
    Step,
    Stop,
    Task,
    Trajectory,
    Usage,
    Verdict,
)
from tests.library.changes import GREEN, landed, propose, rewritten
from tests.review.situations import AGENT, NOW, hands, opened, policy

SCRIPTS = (
    "<script>alert(1)</script>",
    "</script></style></title><img src=x onerror=alert(1)>",
    "<svg onload=alert(1)>",
    '" onmouseover="alert(1)" x=\'',
    "<style>body{background:url(https://evil.example/)}</style>",
    "[go](javascript:alert(1)) [go](data:text/html,<script>alert(1)</script>) [go](vbscript:x)",
    "![pixel](https://evil.example/pixel.png)",
    "[bank](https://evil.example/\u202egro.knab)",
    "{{ 7 * 7 }}{% raw %}{{ self }}{# gone #}",
    "a\u202ekcatta\u202c \u2066x\u2069 \u200b&#x202e; \x1b[31m \x00",
    "<a href=//evil.example style=position:fixed>x</a>",
    "y" * 20_000,
)
EVIL = " ".join(SCRIPTS)


def site(library: Library, *, live: bool = False, when: float = NOW) -> Site:
    past = Past(
        library=library, journal=journal_of(library), policy=policy(library), tip=library.tip(), when=when
    )
    return Site(past=past, render=Renderer(live=live))


def episode(
    id_: str, skill: str | None = "greeter", result: Result = Result.PASSED, **words: object
) -> Episode:
    """An attempt that ended so; a failed one is the skill's fault."""
    failed = result is Result.FAILED
    step = Step(index=1, thought="Think.", tool="terminal", arguments='{"command":"ls"}', output="a\nb\n")
    made = Episode(
        id=id_,
        task=Task(id=f"task-{id_}", text="Take leave of Bob."),
        attempt=0,
        library="a" * 40,
        model="some-model",
        route=Route(skill=skill, confidence=0.9),
        skill_tree=None,
        trajectory=Trajectory(
            steps=(step,),
            answer="hello",
            stop=Stop.ANSWERED,
            usage=Usage(calls=2, input_tokens=100, output_tokens=10, usd=0.01),
        ),
        verdict=Verdict(result=result, rationale="no goodbye", by="checker"),
        blame=Blame(fault=Fault.PLANNING, skill=skill, explanation="it forgets", first_wrong_step=1)
        if failed
        else None,
        started=NOW - 3600,
    )
    return replace(made, **words)


def hostile(library: Library) -> Library:
    """Skill, test, task, trace, blame, idea, remark, test names and trailers say the worst."""
    root, journal = library.root, journal_of(library)
    document = f"---\nname: greeter\ndescription: |\n  {EVIL.translate({0: None, 27: None})}\n---\n\n"
    document += f"# {EVIL}\n\n{EVIL}\n"
    (root / "skills" / "greeter" / "SKILL.md").write_text(document, "utf-8")
    (root / "skill_tests" / "test_greeter.py").write_text(
        f"def test_greets(skill):\n    {EVIL[:400]!r}\n", "utf-8"
    )
    library.commit_files(
        {
            "skills/greeter/SKILL.md": document.encode(),
            "skill_tests/test_greeter.py": f"def test_greets(skill):\n    {EVIL[:900]!r}\n".encode(),
            "skills/<b onclick=x>/SKILL.md": b"no frontmatter",
        },
        EVIL[:500],
        {"Memento-Proposal": "p9", "Memento-Skill": "../../etc", "Memento-Idea": EVIL[:300]},
    )
    step = Step(
        index=1, thought=EVIL, tool=EVIL[:200], arguments=EVIL, output=EVIL * 3, exit_code=1, tainted=True
    )
    words = {
        "task": Task(id=EVIL[:300], text=EVIL),
        "model": EVIL[:200],
        "trajectory": Trajectory(steps=(step,), answer=EVIL, stop=Stop.ANSWERED),
        "verdict": Verdict(result=Result.FAILED, rationale=EVIL, by=EVIL[:100]),
        "blame": Blame(fault=Fault.TOOL, skill="greeter", explanation=EVIL, first_wrong_step=1),
    }
    journal.record(episode("e1", **words))
    journal.record(episode("../../<script>", **words))
    trailers = {
        **AGENT,
        "Memento-Blame": EVIL[:2000],
        "Memento-Model": EVIL[:200],
        "Memento-Source": EVIL[:200],
    }
    test = TestResult(id=f"test_x[{EVIL[:200]}]", passed=False, detail=EVIL)
    route = RouteChange(query=EVIL, owner=EVIL[:80], wanted=True, before=EVIL[:50], after=None)
    step_said = replace(GREEN.steps[0], name=EVIL[:60], detail=EVIL, outcome=GateOutcome.INDECISIVE)
    report = replace(
        GREEN, steps=(step_said,), tests=(test,), routes=(route,), outcome=GateOutcome.INDECISIVE
    )
    proposal = opened(library, f"Say hello and goodbye.\n\n{EVIL}", report, trailers=trailers, tainted=True)
    hands(library).comment(proposal.id, EVIL)
    landed(library, propose(library, rewritten(library, "ledger-totals", EVIL), trailers=trailers))
    refused = propose(library, rewritten(library, "ledger-totals", f"{EVIL} again"), trailers=trailers)
    journal.ideas.record(
        Landing(
            proposal=refused, disposition=Disposition.DISCARDED, report=replace(report, skill="ledger-totals")
        ),
        episode="e1",
    )
    library.discard(refused)
    return library


@dataclass
class _Reader(HTMLParser):
    """Sees a page as a browser does, as far as running and loading goes."""

    found: list[str] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            text = value or ""
            if name.startswith("on") or name in (
                "style",
                "srcset",
                "action",
                "formaction",
                "src",
                "background",
            ):
                self.found.append(f"{tag} {name}={text[:60]}")
            if name == "href" and not _leads_within(text) and not (tag == "a" and _is_tame(text, attrs)):
                self.found.append(f"{tag} href={text[:60]}")
            if name == "id":
                self.ids.append(text)
        if tag in (
            "iframe",
            "object",
            "embed",
            "base",
            "link",
            "img",
            "video",
            "audio",
            "form",
            "foreignobject",
        ):
            self.found.append(tag)
        if tag in ("script", "style"):
            self.found.append(f"<{tag}>")


def _leads_within(target: str) -> bool:
    place = target.partition("#")[0]
    return not place or (":" not in place and not place.startswith("//") and place.endswith(".html"))


def _is_tame(target: str, attrs: list[tuple[str, str | None]]) -> bool:
    return target.startswith(("https://", "http://")) and ("rel", "noopener noreferrer nofollow") in attrs


def risky(html: str) -> list[str]:
    """What a page would run, load or send, and the links that are not tame; our own style and script once."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    found = [each for each in reader.found if each != "form"]
    for own in ("<style>", "<script>"):
        found.remove(own)
    return found


def every_page(made: Site) -> Iterator[tuple[str, str]]:
    for path in made.paths():
        html = made.page(path)
        assert html is not None, path
        yield path, html


def links(html: str) -> set[str]:
    reader = _Links()
    reader.feed(html)
    return reader.found


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found |= {value for name, value in attrs if tag == "a" and name == "href" and value}


def leads_to(folder: Path, page: str, link: str) -> bool:
    """Whether a link of a page leads to a page of the folder, or out by http."""
    place = link.partition("#")[0]
    return (
        link.startswith(("http://", "https://"))
        or not place
        or (folder / page).parent.joinpath(place).is_file()
    )
