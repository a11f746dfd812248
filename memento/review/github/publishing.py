"""A proposal becomes a pull request, or the one that it has is brought up to date.

1. Nothing leaves this machine that holds a credential: neither the change nor the messages of its commits.
2. The pull request would carry whatever main has here and not there, so that must be nothing.
3. The branch is pushed from where it was seen to be there; what somebody else pushed is never overwritten.
4. There is one pull request per branch. One that was merged or closed is for `sync`.
5. Labels and reviewers are asked for last. Where the token has no right to, that is said and no more.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from memento.changes import Proposal
from memento.errors import GitHubError
from memento.journal import Journal
from memento.library import Library
from memento.library.remote import Remote, has, is_ancestor
from memento.review.dossier import dossier
from memento.review.github.body import PullText, pull_text
from memento.review.github.hub import Hub, Pull, RefusedError
from memento.review.policy import ReviewPolicy
from memento.skill.security import redact
from memento.types import Sha

SEEN = "refs/memento/github/main"
"""Main as it was last seen there."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Connection:
    """A library's ways to GitHub. They differ where its origin is a fork."""

    hub: Hub
    """The repository that pull requests are opened in."""
    there: Remote
    """The same in git: where main is."""
    ours: Remote
    """Where the branches are pushed to."""
    owner: str
    """Of that one."""
    main: str
    """The short name of the branch that is merged into."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Published:
    """A pull request, as it is now."""

    proposal: str
    number: int
    url: str
    created: bool
    draft: bool
    notes: tuple[str, ...] = ()
    """What could not be done, in sentences."""


@dataclass(frozen=True, kw_only=True)
class Publisher:
    """Raises GitHubError with the way on; LibraryError when there is no such proposal."""

    library: Library
    journal: Journal
    policy: ReviewPolicy
    connection: Connection

    def __call__(self, id: str, *, draft: bool = False) -> Published:  # noqa: A002
        """Publish one open proposal; `draft` makes a new pull request one in any case."""
        found = dossier(self.library, self.journal, self.policy, id)
        text = pull_text(found)
        self._refuse_credentials(found.proposal)
        self._refuse_strangers(found.proposal.base)
        hub, branch = self.connection.hub, found.proposal.branch
        known = hub.find(self.connection.owner, branch)
        if known is not None and known.state != "open":
            raise GitHubError(f"{known.url} is {known.state} already. `memento pr sync` learns of it.")
        push(self.library, self.connection.ours, found.proposal)
        if known is None:
            pull, notes = self._opened(text, branch, draft=draft or text.draft)
        else:
            pull, notes = hub.update(known.number, text), []
            if pull.draft and not text.draft:
                notes.append("it is still a draft, and the gate is sure now: mark it ready there")
        notes += _noted(lambda: hub.label(pull, text.labels), "labels")
        notes += self._reviewers(pull, text)
        return Published(
            proposal=found.proposal.id,
            number=pull.number,
            url=pull.url,
            created=known is None,
            draft=pull.draft,
            notes=tuple(notes),
        )

    def _opened(self, text: PullText, branch: str, *, draft: bool) -> tuple[Pull, list[str]]:
        connection = self.connection
        hub, head = connection.hub, f"{connection.owner}:{branch}"
        try:
            return hub.open(text, head, connection.main, draft=draft), []
        except RefusedError as error:
            if draft and error.refusal.status == 422 and error.refusal.says("draft"):
                pull = hub.open(text, head, connection.main, draft=False)
                return pull, ["this repository has no drafts, so it is a whole one: read the gate's word"]
            # Somebody was quicker, or an earlier answer was lost on its way.
            again = hub.find(connection.owner, branch) if error.refusal.says("already exists") else None
            if again is None:
                raise
            return hub.update(again.number, text), []

    def _reviewers(self, pull: Pull, text: PullText) -> list[str]:
        people = [person for person in text.people if f"@{person}".casefold() != pull.author.casefold()]
        if not people and not text.teams:
            return []
        return _noted(lambda: self.connection.hub.ask_review(pull.number, people, text.teams), "reviewers")

    def _refuse_credentials(self, proposal: Proposal) -> None:
        # Every commit of it: one that was taken out again by the next would be pushed all the same.
        plain = ("--no-ext-diff", "--no-textconv", "--patch", "--format=%B")
        told = self.library.git("log", *plain, f"{proposal.base}..{proposal.commit}", "--")
        text = told.decode("utf-8", "replace")
        if redact(text) != text:
            raise GitHubError(
                f"A commit of {proposal.branch} holds a credential, so it is not pushed. Revoke it, and "
                f"`memento review {proposal.id} --reject --reason TEXT`."
            )

    def _refuse_strangers(self, base: Sha) -> None:
        seen = self.connection.there.fetch(self.connection.main, base, SEEN)
        if not is_ancestor(self.library.git, base, seen):
            main = self.connection.main
            raise GitHubError(
                f"The proposal starts from commits of {main} that GitHub does not have, and a pull request "
                f"would carry them too. Push them first: `git push origin {main}`."
            )


def push(library: Library, remote: Remote, proposal: Proposal) -> None:
    """The proposal's branch there as it is here. GitHubError when somebody else pushed to it."""
    there = remote.branch(proposal.branch)
    if there == proposal.commit:
        return
    if there is not None and not has(library.git, there):
        raise GitHubError(
            f"Somebody pushed to {proposal.branch} on GitHub, and that is not overwritten. Merge or "
            "close it there; `memento pr sync` learns of it."
        )
    remote.push(proposal.commit, proposal.branch, there)


def _noted(do: Callable[[], None], what: str) -> list[str]:
    try:
        do()
    except RefusedError as error:
        return list(_why(error, what))
    return []


def _why(error: RefusedError, what: str) -> Iterator[str]:
    # 422: an owner who may not review here; 403 and 404: no right to, as on somebody else's repository.
    if error.refusal.status not in (403, 404, 422) or error.refusal.is_limit:
        raise error
    yield f"the {what} could not be set: {error}"
