"""Pull requests through GitHub's REST API, as values. The only place that speaks PyGithub.

- A read is repeated twice when GitHub has trouble of its own; a write never is, for it may have been done.
- A limit that ends soon is waited for once; a longer one is an error that says until when.
- Lists are read to their end.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Generic, TypeVar

from memento.errors import GitHubError, UsageError
from memento.review.github.body import PullText, is_ours
from memento.review.github.faults import Refusal, refusal_of, sentence, wait_s
from memento.review.github.place import Place, Token

if TYPE_CHECKING:
    from github.NamedUser import NamedUser
    from github.Organization import Organization
    from github.PullRequest import PullRequest
    from github.Repository import Repository

PATIENCE_S = 60.0
"""A limit that ends within so many seconds is waited for."""
TIMEOUT_S = 20
AGENT = "memento-skills"
MEMBERS = ("OWNER", "MEMBER", "COLLABORATOR")

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True, slots=True)
class Pull:
    """A pull request."""

    number: int
    url: str
    state: str
    """open, closed or merged."""
    head: str
    """The commit of its branch."""
    base: str
    """The branch that it is to be merged into."""
    author: str
    draft: bool
    merge_commit: str | None
    """The commit that it was merged as, however that was done."""
    labels: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """What somebody wrote below a pull request."""

    id: str
    who: str
    when: float
    """Unix time."""
    text: str
    member: bool
    """Whether they have rights in the repository: anybody else may be anybody."""
    bot: bool


class RefusedError(GitHubError):
    """An answer that its asker may know how to deal with."""

    def __init__(self, message: str, refusal: Refusal) -> None:
        super().__init__(message)
        self.refusal = refusal


@dataclass(frozen=True, slots=True)
class _Answer(Generic[T]):
    value: T


@dataclass(frozen=True)
class Hub:
    """One repository. Raises GitHubError, of which RefusedError are answers of GitHub."""

    place: Place
    token: Token
    now: Callable[[], float]
    sleep: Callable[[float], None]

    def find(self, owner: str, branch: str) -> Pull | None:
        """The pull request of a branch: the open one, else the newest."""
        listed = self._asked(
            lambda: [
                _pull(each)
                for each in self._repository.get_pulls(state="all", head=f"{owner}:{branch}")
                # A filter that GitHub cannot make sense of is left out, and all are listed.
                if each.head.ref == branch
            ]
        )
        return max(listed, key=lambda pull: (pull.state == "open", pull.number), default=None)

    def get(self, number: int) -> Pull:
        return self._asked(lambda: _pull(self._repository.get_pull(number)))

    def decider(self, number: int) -> str:
        """Who merged or closed it; "somebody" when GitHub does not say."""

        def ask() -> str:
            full = self._repository.get_pull(number)
            issue = None if full.merged else full.as_issue()
            who = full.merged_by if issue is None else issue.closed_by
            return _login(who)

        return self._asked(ask)

    def open(self, text: PullText, head: str, base: str, *, draft: bool) -> Pull:
        """A new pull request; `head` is OWNER:BRANCH."""
        return self._asked(
            lambda: _pull(
                self._repository.create_pull(base, head, title=text.title, body=text.body, draft=draft)
            )
        )

    def update(self, number: int, text: PullText) -> Pull:
        def ask() -> Pull:
            pull = self._repository.get_pull(number)
            pull.edit(title=text.title, body=text.body)
            return _pull(pull)

        return self._asked(ask)

    def label(self, pull: Pull, labels: Iterable[str]) -> None:
        """These labels of ours, and those that people gave it."""
        wanted = [*labels, *(label for label in pull.labels if not is_ours(label))]
        if set(wanted) != set(pull.labels):
            # Not `set_labels`: that sends a form which GitHub takes and does not describe.
            self._asked(lambda: self._repository.get_pull(pull.number).as_issue().edit(labels=wanted))

    def ask_review(self, number: int, people: Iterable[str], teams: Iterable[str]) -> None:
        reviewers, team_reviewers = list(people), list(teams)
        self._asked(
            lambda: self._repository.get_pull(number).create_review_request(reviewers, team_reviewers)
        )

    def said(self, number: int) -> tuple[Said, ...]:
        """Comments, reviews and remarks on lines, oldest first; those without words are left out."""
        found = self._asked(lambda: list(_said(self._repository.get_pull(number))))
        return tuple(sorted((each for each in found if each.text.strip()), key=lambda each: each.when))

    @cached_property
    def _repository(self) -> "Repository":
        try:
            from github import Auth, Github
        except ImportError as error:
            raise UsageError("Pull requests need PyGithub: pip install 'memento-skills[github]'.") from error
        from urllib3.util.retry import Retry

        # Retry-After is ours to obey: it may name an hour.
        retry = Retry(
            total=2,
            backoff_factor=0.5,
            status_forcelist=(500, 502, 503, 504),
            allowed_methods=("GET",),
            respect_retry_after_header=False,
            raise_on_status=False,
        )
        hub = Github(
            auth=Auth.Token(self.token.value),
            base_url=self.place.api,
            timeout=TIMEOUT_S,
            user_agent=AGENT,
            per_page=100,
            retry=retry,
            seconds_between_requests=None,
            seconds_between_writes=None,
            lazy=True,
        )
        return hub.get_repo(self.place.full_name)

    def _asked(self, ask: Callable[[], T]) -> T:
        refusal = self._try(ask)
        if isinstance(refusal, _Answer):
            return refusal.value
        wait = wait_s(refusal, self.now()) if refusal.is_limit else None
        if wait is not None and wait <= PATIENCE_S:
            self.sleep(wait)
            refusal = self._try(ask)
            if isinstance(refusal, _Answer):
                return refusal.value
        raise RefusedError(sentence(refusal, self.place, self.token.source, self.now()), refusal)

    def _try(self, ask: Callable[[], T]) -> "_Answer[T] | Refusal":
        from github import BadAttributeException, GithubException
        from requests import RequestException

        try:
            return _Answer(ask())
        except GithubException as error:
            return refusal_of(error.status, error.data, error.headers or {})
        except BadAttributeException as error:
            raise GitHubError(
                f"{self.place.api} does not answer as GitHub does. Is GITHUB_API_URL right?"
            ) from error
        except RequestException as error:
            raise GitHubError(
                f"{self.place.api} cannot be reached ({type(error).__name__}). Check the connection, "
                "https_proxy, and REQUESTS_CA_BUNDLE where the certificate is your company's own."
            ) from error


def _pull(pull: "PullRequest") -> Pull:
    merged = pull.merged_at is not None
    return Pull(
        number=pull.number,
        url=pull.html_url,
        state="merged" if merged else pull.state,
        head=pull.head.sha,
        base=pull.base.ref,
        author=_login(pull.user),
        draft=bool(pull.draft),
        # Of an open one it names a merge that GitHub only tried.
        merge_commit=pull.merge_commit_sha if merged else None,
        labels=tuple(label.name for label in pull.labels),
    )


def _said(pull: "PullRequest") -> Iterator[Said]:
    for comment in pull.get_issue_comments():
        word = comment.author_association or ""
        yield _one(f"comment {comment.id}", comment.user, comment.created_at.timestamp(), comment.body, word)
    for review in pull.get_reviews():
        if review.submitted_at is not None:
            word = review.author_association or ""
            yield _one(f"review {review.id}", review.user, review.submitted_at.timestamp(), review.body, word)
    for remark in pull.get_review_comments():
        word = remark.author_association or ""
        place = f"{remark.path}:{remark.line or remark.original_line or 1}: "
        text = f"{place}{remark.body}" if remark.body else ""
        yield _one(f"remark {remark.id}", remark.user, remark.created_at.timestamp(), text, word)


def _one(id: str, user: "NamedUser | Organization | None", when: float, text: str | None, word: str) -> Said:  # noqa: A002
    kind = user.type if user is not None else ""
    return Said(
        id=id, who=_login(user), when=when, text=text or "", member=word in MEMBERS, bot=kind == "Bot"
    )


def _login(user: "NamedUser | Organization | None") -> str:
    # A deleted account has none.
    return f"@{user.login}" if user is not None and user.login else "somebody"
