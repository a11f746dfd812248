"""What lands by itself, what waits for a person, and what the agent leaves alone.

A skill's rule, the first that speaks:

    1. [review.skills] of memento.toml     the first pattern that fits the name
    2. CODEOWNERS                          a skill with an owner is reviewed
    3. who wrote it                        [review] people, or agent

`*` alone names no skill, so an owner is asked before such a rule. The agent wrote a skill when every
commit of main that touched it is a landing of that skill with the trailers of an episode, whoever merged it;
a rollback brings nothing new, so it does not count.
Whatever the rule says: what is tainted, INDECISIVE, larger than `most_lines`, or beyond the landings of a
day waits for a person, and beyond `open_proposals` nothing more is proposed.

memento.toml and CODEOWNERS are read from landed commits only: the proposal's base, and the tip that it
would land on, for a skill may have been locked since. The stricter word counts. No proposal and no checkout
is asked. The landings of a day are counted from that tip too, and main moves from no other: of two
processes that land the last one of a day at once, the second finds main moved, and asks again.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from memento.changes import GateOutcome, GateReport, Proposal
from memento.config import ReviewSettings, Rule, load
from memento.library import Library, LogEntry
from memento.library.history import changed_lines, lately, touching
from memento.library.lineage import file_at
from memento.protocols import Snapshot
from memento.review.consent import AGREED, EDITED
from memento.review.owners import PLACES, owners_of
from memento.types import ChangeKind, Sha, test_path

DAY_S = 86_400


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """A skill's rule at one commit, and why it has that one, in a clause."""

    rule: Rule
    because: str
    owners: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ReviewPolicy:
    """Implements `memento.protocols.Policy` over a library's own settings."""

    library: Library
    now: Callable[[], float]
    _standing: dict[tuple[Sha, str], Standing] = field(default_factory=dict)
    _settings: dict[Sha, ReviewSettings] = field(default_factory=dict)

    def against_proposing(self, skill: str, library: Snapshot) -> str | None:
        """Why the agent may not propose a change of this skill: it is locked, or too much is open."""
        commit = library.commit or self.library.tip()
        standing = self.standing(skill, commit)
        if standing.rule == "locked":
            return f"{skill} is locked: {standing.because}"
        most = self.settings(commit).open_proposals
        waiting = len(self.library.proposals())
        if waiting >= most:
            return f"{waiting} proposals wait for a person, and [review] open_proposals is {most}"
        return None

    def against_landing(self, proposal: Proposal, report: GateReport, tip: Sha) -> str | None:
        """The first reason, the weightiest first."""
        return next(self._against(proposal, report, tip), None)

    def standing(self, skill: str, commit: Sha) -> Standing:
        """A skill's rule as the library at `commit` has it."""
        known = self._standing.get((commit, skill))
        if known is None:
            known = self._standing[commit, skill] = self._find(skill, commit)
        return known

    def settings(self, commit: Sha) -> ReviewSettings:
        """[review] of memento.toml at a commit. Raises ConfigError."""
        known = self._settings.get(commit)
        if known is None:
            text = (file_at(self.library.git, commit, "memento.toml") or b"").decode("utf-8", "replace")
            known = self._settings[commit] = load(text, {}).review
        return known

    def _against(self, proposal: Proposal, report: GateReport, tip: Sha) -> Iterator[str]:
        if report.outcome is not GateOutcome.PASS:
            yield f"{report.outcome.upper()}: {report.reason}"
        if proposal.tainted:
            yield "it was learned from text that came from outside the task"
        size = changed_lines(self.library.git, proposal.skill, proposal.base, proposal.commit)
        for commit in dict.fromkeys((tip, proposal.base)):
            standing, settings = self.standing(proposal.skill, commit), self.settings(commit)
            if standing.rule != "auto":
                yield f"{proposal.skill} is {_SAID[standing.rule]}: {standing.because}"
            if size > settings.most_lines:
                yield f"it changes {size} lines, and [review] most_lines is {settings.most_lines}"
        most = self.settings(tip).landings_per_day
        if self._landed_today(tip) >= most:
            yield f"{most} changes landed by themselves within a day, which is [review] landings_per_day"

    def _landed_today(self, tip: Sha) -> int:
        """Landings of the last 24 hours that no person agreed to; what people merged has no Memento-Gate."""
        since = self.now() - DAY_S
        return sum(
            {"Memento-Model", "Memento-Gate"} <= entry.trailers.keys() and AGREED not in entry.trailers
            for entry in lately(self.library.git, tip, since)
        )

    def _find(self, skill: str, commit: Sha) -> Standing:
        settings = self.settings(commit)
        owners = self._owners(skill, commit)
        named = next((p for p in settings.skills if fnmatchcase(skill, p)), None)
        if named is not None and (named.strip("*") or not owners):
            because = f'[review.skills] of memento.toml says so for "{named}"'
            return Standing(rule=settings.skills[named], because=because, owners=owners)
        if owners:
            return Standing(rule="review", because=f"CODEOWNERS names {', '.join(owners)}", owners=owners)
        if all(_by_agent(entry, skill) for entry in touching(self.library.git, commit, skill)):
            return Standing(rule=settings.agent, because="the agent wrote it")
        return Standing(rule=settings.people, because="people wrote it")

    def _owners(self, skill: str, commit: Sha) -> tuple[str, ...]:
        texts = (file_at(self.library.git, commit, place) for place in PLACES)
        text = next((text for text in texts if text is not None), b"").decode("utf-8", "replace")
        return owners_of(text, (f"skills/{skill}/SKILL.md", test_path(skill)))


_SAID: Mapping[Rule, str] = {"review": "reviewed by people", "locked": "locked"}


def _by_agent(entry: LogEntry, skill: str) -> bool:
    trailers = entry.trailers
    if entry.skill != skill:
        return False
    if trailers.get("Memento-Kind") == ChangeKind.ROLLBACK:
        return True
    return "Memento-Model" in trailers and "Memento-Episode" in trailers and EDITED not in trailers
