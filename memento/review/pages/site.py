"""Paths to pages: which there are, and what stands on each."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from memento.review.pages import names, plots
from memento.review.pages.curves import drawn
from memento.review.pages.past import Past
from memento.review.pages.progress import progress_view
from memento.review.pages.proposals import ChangeView, change_view
from memento.review.pages.render import Frame, Renderer
from memento.review.pages.skills import rows, skill_view
from memento.skill.reader import NAME

_SAID_IN_FACTS = {
    "Memento-Task": "Task",
    "Memento-Blame": "Why",
    "Memento-Model": "Model",
    "Memento-Cost": "Cost of the failed attempt",
    "Memento-Source": "Source",
    "Memento-Gate": "Gate",
    "Memento-Agreed": "Agreed by",
    "Memento-Edited": "Edited by",
    "Memento-Tests": "Tests",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Running:
    """An approval on its way: the page that tells how far it is, and what it has done."""

    page: str
    steps: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Desk:
    """What the page of a proposal shows to the person who decides: only a server has it."""

    csrf: str
    job: Running | None
    said: str
    """The result of what they did last, "" when there is none."""


NOBODY = Desk(csrf="", job=None, said="")


@dataclass(frozen=True, kw_only=True)
class Site:
    """Every page of a library at one moment."""

    past: Past
    render: Renderer

    def paths(self) -> Iterator[str]:
        """Of every page."""
        yield from (names.INDEX, names.PROPOSALS, names.PROGRESS)
        yield from (names.skill_page(h.name) for h in self.past.headers if NAME.fullmatch(h.name))
        yield from self._changes
        yield from self._episodes

    def page(self, path: str, desk: Desk = NOBODY) -> str | None:
        """The HTML at a path; None when there is no such page."""
        match path.split("/"):
            case [names.INDEX]:
                return self._index()
            case [names.PROPOSALS]:
                return self._proposals()
            case [names.PROGRESS]:
                return self._progress()
            case ["skills", _]:
                return self._skill(path)
            case ["proposals", _]:
                return self._change(path, desk)
            case ["episodes", _]:
                return self._episode(path)
        return None

    def gone(self, path: str, heading: str, sentence: str) -> str:
        """The page for what is not there, or was refused."""
        return self._page("gone", path, "", heading=heading, sentence=sentence)

    def proposal(self, path: str) -> str | None:
        """The id of the change whose page is at `path`."""
        return self._changes.get(path)

    @cached_property
    def _frame(self) -> Frame:
        past = self.past
        return Frame(
            library=past.name,
            tip=past.tip,
            when=past.when,
            simulated=past.simulated,
            waiting=len(past.open),
        )

    @cached_property
    def _changes(self) -> Mapping[str, str]:
        return {names.proposal_page(each): each for each in sorted(self.past.changes)}

    @cached_property
    def _episodes(self) -> Mapping[str, str]:
        return {names.episode_page(each): each for each in sorted(self.past.traced)}

    def _page(self, template: str, path: str, section: str, **values: object) -> str:
        return self.render(template, self._frame, path=path, section=section, **values)

    def _index(self) -> str:
        first = progress_view(self.past).first_attempts
        attempts = len(self.past.glances)
        return self._page(
            "index", names.INDEX, names.INDEX, rows=rows(self.past), first=first, attempts=attempts
        )

    def _proposals(self) -> str:
        past = self.past
        landed = [
            (past.chronicle.by_sha[sha], names.proposal_page(each)) for each, sha in past.landed.items()
        ]
        return self._page(
            "proposals",
            names.PROPOSALS,
            names.PROPOSALS,
            open=[(dossier, names.proposal_page(dossier.proposal.id)) for dossier in past.open],
            landed=landed,
            refused=[(idea, names.proposal_page(idea.proposal)) for idea in past.refused],
        )

    def _progress(self) -> str:
        view = progress_view(self.past)
        most = max((cause.count for cause in view.causes), default=0)
        causes = [(c, plots.bar(c.count, most, "first" if c.teaches else "other")) for c in view.causes]
        return self._page(
            "progress",
            names.PROGRESS,
            names.PROGRESS,
            progress=view,
            plots=drawn(view),
            causes=causes,
        )

    def _skill(self, path: str) -> str | None:
        view = skill_view(self.past, path.removeprefix("skills/").removesuffix(".html"))
        return None if view is None else self._page("skill", path, names.INDEX, skill=view)

    def _change(self, path: str, desk: Desk) -> str | None:
        id = self._changes.get(path)  # noqa: A001 (git's word for it)
        view = change_view(self.past, id) if id is not None else None
        if view is None:
            return None
        there = any(header.name == view.skill for header in self.past.headers)
        return self._page(
            "proposal",
            path,
            names.PROPOSALS,
            change=view,
            skill_page=names.skill_page(view.skill) if there else None,
            facts=_facts(view),
            actions=path.removesuffix(".html"),
            csrf=desk.csrf,
            job=desk.job,
            said=desk.said,
        )

    def _episode(self, path: str) -> str | None:
        id = self._episodes.get(path)  # noqa: A001 (git's word for it)
        episode = self.past.journal.episode(id) if id is not None else None
        if episode is None:
            return None
        skill = episode.route.skill
        there = skill is not None and any(header.name == skill for header in self.past.headers)
        return self._page(
            "episode",
            path,
            names.INDEX,
            episode=episode,
            skill_page=names.skill_page(skill) if skill and there else None,
        )


def _facts(view: ChangeView) -> tuple[tuple[str, str], ...]:
    said = tuple((label, view.trailers[key]) for key, label in _SAID_IN_FACTS.items() if key in view.trailers)
    size = (("Changed lines in the skill", str(view.size)),) if view.size is not None else ()
    return (*said, *size, ("Commit", view.commit[:12]))
