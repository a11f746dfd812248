"""The views of skills: a row in the library's table, and a skill's own page."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from memento.journal import Glance, Idea
from memento.library import LogEntry
from memento.library.headers import Header
from memento.library.lineage import State
from memento.review.causes import Paragraph, paragraphs
from memento.review.pages import names
from memento.review.pages.markdown import Block, blocks
from memento.review.pages.past import Past
from memento.review.pages.text import clipped
from memento.review.versions import Version, told
from memento.skill import parse
from memento.skill.reader import NAME
from memento.skill.testfile import expected_tests, parked_tests
from memento.types import Utility

SHOWN_EPISODES = 40
NOTHING = Utility()


@dataclass(frozen=True, kw_only=True, slots=True)
class SkillRow:
    """A skill in the library's table; times are Unix times."""

    name: str
    page: str | None
    """None for a folder that can have none: its name is no skill's."""
    version: str
    description: str
    problem: str | None
    """Why it cannot be used, None when it can."""
    utility: Utility
    uses: int
    """Episodes that it was routed to."""
    used: float | None
    changed: float | None
    tests: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Passage:
    """Blocks of a skill's text that one landing wrote, and that landing's page, if it has one."""

    blocks: tuple[Markup, ...]
    landing: LogEntry
    task: str | None
    blame: str | None
    page: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """A version with its record, and the page of the change that brought it."""

    version: Version
    utility: Utility
    page: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Ran:
    """An episode with its page, when it has one."""

    glance: Glance
    page: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class SkillView:
    """All that a skill's page shows."""

    row: SkillRow
    passages: tuple[Passage, ...]
    files: tuple[str, ...]
    versions: tuple[Told, ...]
    tests: tuple[str, ...]
    parked: frozenset[str]
    test_source: str | None
    episodes: tuple[Ran, ...]
    """The newest, newest first."""
    more_episodes: int
    ideas: tuple[tuple[Idea, str | None], ...]
    """What was tried, newest first, with its page."""


def rows(past: Past) -> tuple[SkillRow, ...]:
    """Every skill, by name, the unusable ones too."""
    return tuple(_row(past, header) for header in past.headers)


def skill_view(past: Past, name: str) -> SkillView | None:
    """None when the library has no such skill."""
    header = next((each for each in past.headers if each.name == name), None)
    if header is None or not NAME.fullmatch(name):
        return None
    ran = past.glances_of.get(name, ())
    source = past.tests.get(name)
    return SkillView(
        row=_row(past, header),
        passages=tuple(_passages(past, name)),
        files=tuple(path for path in past.files.get(name, ()) if path != "SKILL.md"),
        versions=tuple(_versions(past, name)),
        tests=_tests(source),
        parked=_parked(source),
        test_source=None if source is None else clipped(source.decode("utf-8", "replace")),
        episodes=tuple(_ran(past, each) for each in reversed(ran[-SHOWN_EPISODES:])),
        more_episodes=max(0, len(ran) - SHOWN_EPISODES),
        ideas=tuple((i, change_page(past, i.proposal)) for i in reversed(past.ideas_of.get(name, ()))),
    )


def change_page(past: Past, proposal: str | None) -> str | None:
    """The page of a proposal, when it has one."""
    return names.proposal_page(proposal) if proposal and proposal in past.changes else None


def _row(past: Past, header: Header) -> SkillRow:
    ran = past.glances_of.get(header.name, ())
    moments = past.chronicle.moments.get(header.name, ())
    return SkillRow(
        name=header.name,
        page=names.skill_page(header.name) if NAME.fullmatch(header.name) else None,
        version=header.version,
        description=header.description,
        problem=header.problem,
        utility=past.utilities.get(header.name, NOTHING),
        uses=len(ran),
        used=ran[-1].started if ran else None,
        changed=moments[-1].landing.when if moments else None,
        tests=len(_tests(past.tests.get(header.name))),
    )


def _passages(past: Past, name: str) -> Iterator[Passage]:
    lines = past.chronicle.origins(name)
    told_of = paragraphs(lines, past.chronicle.age, past.chronicle.by_sha)
    front = next((p.last_line for p in told_of[:1] if p.text.lstrip("\ufeff").startswith("---")), 0)
    body = "\n".join(line.text for line in lines[front:])
    kept: list[Block] = []
    cause: Paragraph | None = None
    for block in blocks(body):
        found = _cause(past, told_of, block.first_line + front, block.last_line + front) or cause
        if cause is not None and found is not None and found.landing.sha != cause.landing.sha:
            yield _passage(past, kept, cause)
            kept = []
        cause = found
        kept.append(block)
    if cause is not None:
        yield _passage(past, kept, cause)


def _cause(past: Past, told_of: Sequence[Paragraph], first: int, last: int) -> Paragraph | None:
    """The paragraph among these lines that was written last."""
    there = [p for p in told_of if p.first_line <= last and p.last_line >= first]
    return max(there, key=lambda p: past.chronicle.age[p.landing.sha], default=None)


def _passage(past: Past, kept: Sequence[Block], cause: Paragraph) -> Passage:
    trailers = cause.landing.trailers
    return Passage(
        blocks=tuple(block.html for block in kept),
        landing=cause.landing,
        task=cause.task,
        blame=trailers.get("Memento-Blame"),
        page=change_page(past, trailers.get("Memento-Proposal")),
    )


def _versions(past: Past, name: str) -> Iterator[Told]:
    moments = past.chronicle.moments.get(name, ())
    documents = past.chronicle.documents(name)
    seen = [
        State(commit=m.landing.sha, tree=m.tree, skill=parse(data, folder=name).skill if data else None)
        for m, data in zip(moments, documents, strict=True)
    ]
    record = past.records.get(name, {})
    for version in told([m.landing for m in reversed(moments)], seen[::-1], record):
        utility = Utility(successes=version.successes, failures=version.failures)
        page = change_page(past, version.landing.trailers.get("Memento-Proposal"))
        yield Told(version=version, utility=utility, page=page)


def _ran(past: Past, glance: Glance) -> Ran:
    return Ran(glance=glance, page=names.episode_page(glance.id) if glance.id in past.traced else None)


def _tests(source: bytes | None) -> tuple[str, ...]:
    try:
        return expected_tests(source) if source else ()
    except SyntaxError:
        return ()


def _parked(source: bytes | None) -> frozenset[str]:
    try:
        return parked_tests(source) if source else frozenset()
    except SyntaxError:
        return frozenset()
