"""What the server answers: the pages as they are now, and what a person does on them.

    GET   index.html ...                     a page
    GET   proposals/<id>/job.json            how an approval goes: {"steps": [...], "done": bool}
    POST  proposals/<id>/approve             the gate starts; the page tells how it goes
    POST  proposals/<id>/reject    reason
    POST  proposals/<id>/comment   text

Each form carries the commit that the person saw: what was pushed since is not what they decided on.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

from memento.changes import GateStep
from memento.errors import MementoError, MovedError, UsageError
from memento.review.dossier import open_proposal
from memento.review.pages import names
from memento.review.pages.jobs import Jobs
from memento.review.pages.site import Desk, Running, Site
from memento.review.reviewing import Review

Hands = Callable[[Callable[[GateStep], None]], Review]
"""A person's hands; their gate tells its steps to what is handed in."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """One of: a page, a document, or where to look next."""

    status: HTTPStatus
    body: str = ""
    kind: str = "text/html; charset=utf-8"
    location: str | None = None
    """Relative to the base of all paths."""


@dataclass(frozen=True, kw_only=True)
class Live:
    """The pages of a library that lives. `now` makes the site of this moment; it may return the last one."""

    now: Callable[[], Site]
    hands: Hands
    csrf: str
    jobs: Jobs = field(default_factory=Jobs)

    def get(self, path: str) -> Answer:
        """A page, or how a job goes. Raises LibraryError."""
        site = self.now()
        if path.endswith("/job.json"):
            return self._job(site, f"{path.removesuffix('/job.json')}.html")
        page = site.page(path or names.INDEX, self._desk(site, path))
        if page is None:
            return Answer(
                status=HTTPStatus.NOT_FOUND,
                body=site.gone(
                    path, "There is no such page", "It may have been refused, or never been there."
                ),
            )
        return Answer(status=HTTPStatus.OK, body=page)

    def post(self, path: str, fields: Mapping[str, str]) -> Answer:
        """What a form asks for, and back to the page it stood on."""
        site = self.now()
        place, _, action = path.rpartition("/")
        page = f"{place}.html"
        proposal = site.proposal(page)
        if proposal is None or action not in ("approve", "reject", "comment"):
            return Answer(
                status=HTTPStatus.NOT_FOUND,
                body=site.gone(
                    page, "There is no such change", "Somebody may have decided about it already."
                ),
            )
        if not self.jobs.busy(proposal):
            try:
                self._do(action, proposal, fields)
            except MementoError as error:
                self.jobs.tell(proposal, str(error))
        return Answer(status=HTTPStatus.SEE_OTHER, location=page)

    def _do(self, action: str, proposal: str, fields: Mapping[str, str]) -> None:
        review = self.hands(_deaf)
        if open_proposal(review.library, proposal).commit != fields.get("commit"):
            raise MovedError(
                "This change was altered after you opened the page. Look at it again, then decide."
            )
        if action == "approve":
            if not self.jobs.start(proposal, lambda hear: self.hands(hear).approve(proposal)):
                raise UsageError("Another change is in the gate. Approve this one when that is done.")
        elif action == "reject":
            review.reject(proposal, fields.get("reason", ""))
            self.jobs.tell(proposal, "Rejected. The idea is remembered with your reason.")
        else:
            review.comment(proposal, fields.get("text", ""))
            self.jobs.tell(proposal, "Your comment stands below.")

    def _desk(self, site: Site, path: str) -> Desk:
        proposal = site.proposal(path)
        job = self.jobs.of(proposal) if proposal is not None else None
        running = None
        if job is not None and not job.said:
            running = Running(page=f"{path.removesuffix('.html')}/job.json", steps=tuple(job.steps))
        return Desk(csrf=self.csrf, job=running, said=job.said if job else "")

    def _job(self, site: Site, page: str) -> Answer:
        proposal = site.proposal(page)
        job = self.jobs.of(proposal) if proposal is not None else None
        # No job: it is over, and the page itself says what became of the change.
        said = {"steps": job.steps if job else [], "done": job is None or bool(job.said)}
        return Answer(status=HTTPStatus.OK, body=json.dumps(said), kind="application/json")


def _deaf(_step: GateStep) -> None:
    """Nobody listens to the gate of a person who does not ask it."""
