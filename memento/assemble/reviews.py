"""What people decide with: policy, rollback, import, review, GitHub, pages."""

import secrets
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING

from memento.assemble.ambience import Ambience
from memento.assemble.gates import gate_of, journal_of, mended_journal_of
from memento.assemble.models import metered_of, model_of

if TYPE_CHECKING:
    from memento.changes import GateStep
    from memento.config import Config
    from memento.journal import Journal
    from memento.library import Library
    from memento.loop import Event
    from memento.protocols import Sandbox
    from memento.review.github.publishing import Connection, Publisher
    from memento.review.github.syncing import Sync
    from memento.review.importing import Importer
    from memento.review.pages.serving import Server
    from memento.review.pages.site import Site
    from memento.review.policy import ReviewPolicy
    from memento.review.reviewing import Review
    from memento.review.rollback import Rollback


def policy_of(library: "Library", ambience: Ambience) -> "ReviewPolicy":
    """What the library's people leave to the agent."""
    from memento.review.policy import ReviewPolicy

    return ReviewPolicy(library=library, now=ambience.now)


def rollback_of(
    library: "Library",
    sandbox: "Sandbox",
    ambience: Ambience,
    *,
    config: "Config",
    environ: Mapping[str, str],
) -> "Rollback":
    from memento.library.person import person
    from memento.repair import evidence_of
    from memento.review.rollback import Rollback

    journal, by = mended_journal_of(library), person(library.git.git_dir, environ)
    gate = gate_of(sandbox, journal, ambience, config=config, environ=environ)
    return Rollback(
        library=library, journal=journal, harness=gate.harness, gate=gate, evidence=evidence_of, by=by
    )


def importer_of(
    library: "Library",
    sandbox: "Sandbox",
    ambience: Ambience,
    *,
    config: "Config",
    environ: Mapping[str, str],
) -> "Importer":
    from memento.library.person import person
    from memento.repair import evidence_of
    from memento.review.importing import Importer

    journal, by = mended_journal_of(library), person(library.git.git_dir, environ)
    gate = gate_of(sandbox, journal, ambience, config=config, environ=environ)
    return Importer(library=library, journal=journal, gate=gate, evidence=evidence_of, by=by)


def review_of(
    library: "Library",
    sandbox: "Sandbox",
    ambience: Ambience,
    *,
    config: "Config",
    environ: Mapping[str, str],
    tell: "Callable[[GateStep], None] | None" = None,
) -> "Review":
    """The hands of the person whose git settings `environ` leads to; `tell` hears the gate's steps."""
    from memento.library.person import person
    from memento.repair import evidence_of
    from memento.review.reviewing import Review

    journal = mended_journal_of(library)
    return Review(
        library=library,
        journal=journal,
        gate=gate_of(sandbox, journal, ambience, config=config, environ=environ, tell=tell),
        policy=policy_of(library, ambience),
        evidence=evidence_of,
        by=person(library.git.git_dir, environ),
        now=ambience.now,
    )


def connection_of(library: "Library", environ: Mapping[str, str], ambience: Ambience) -> "Connection":
    """The library's ways to GitHub. Raises GitHubError without a remote there, or without a token."""
    from memento.review.github.connecting import ask_gh, connect

    return connect(library, environ, gh=ask_gh, now=ambience.now, sleep=time.sleep)


def publisher_of(library: "Library", environ: Mapping[str, str], ambience: Ambience) -> "Publisher":
    """Makes pull requests of proposals. Raises GitHubError."""
    from memento.review.github.publishing import Publisher

    return Publisher(
        library=library,
        journal=journal_of(library),
        policy=policy_of(library, ambience),
        connection=connection_of(library, environ, ambience),
    )


def sync_of(
    library: "Library",
    sandbox: "Sandbox",
    ambience: Ambience,
    *,
    config: "Config",
    environ: Mapping[str, str],
) -> "Sync":
    """Learns what happened on GitHub. Raises GitHubError."""
    from memento.review.github.round import Round
    from memento.review.github.syncing import Sync
    from memento.write.overlooked import rewriter

    review = review_of(library, sandbox, ambience, config=config, environ=environ)
    publisher, journal, another = publisher_of(library, environ, ambience), review.journal, None
    if config.model.name and (config.model.base_url or config.model.api_key):
        model = metered_of(config, model_of(config, ambience), journal, ambience)
        another = Round(
            library=library,
            journal=journal,
            rewriter=rewriter(model, most_hunks=config.loop.most_hunks),
            gate=review.gate,
            model=model.name,
        )
    return Sync(
        library=library,
        journal=journal,
        connection=publisher.connection,
        review=review,
        publish=publisher,
        round=another,
    )


def announcing(
    tell: "Callable[[Event], None]", library: "Library", environ: Mapping[str, str], ambience: Ambience
) -> "Callable[[Event], None]":
    """Tells the same, and makes a pull request of each proposal that stays open. GitHub never ends a run."""
    from memento.changes import Announced, Disposition, Landing
    from memento.errors import GitHubError, LibraryError, UsageError

    def told(event: "Event") -> None:
        tell(event)
        if isinstance(event, Landing) and event.disposition is Disposition.OPEN:
            url = trouble = ""
            try:
                url = publisher_of(library, environ, ambience)(event.proposal.id).url
            except (GitHubError, LibraryError, UsageError) as error:
                trouble = str(error)
            tell(Announced(proposal=event.proposal, url=url, trouble=trouble))

    return told


def site_of(library: "Library", journal: "Journal", ambience: Ambience, *, live: bool) -> "Site":
    """Every page of the library as it is now; `live` ones are a server's."""
    from memento.review.pages.past import Past
    from memento.review.pages.render import Renderer
    from memento.review.pages.site import Site

    policy = policy_of(library, ambience)
    past = Past(library=library, journal=journal, policy=policy, tip=library.tip(), when=ambience.now())
    return Site(past=past, render=Renderer(live=live))


def server_of(
    library: "Library",
    sandbox: "Sandbox",
    ambience: Ambience,
    *,
    config: "Config",
    environ: Mapping[str, str],
    port: int,
) -> "Server":
    """The pages on 127.0.0.1, with the hands of the person whose git settings `environ` leads to."""
    from memento.review.pages.guard import Guard
    from memento.review.pages.live import Live
    from memento.review.pages.present import Present
    from memento.review.pages.render import Renderer
    from memento.review.pages.serving import Server

    journal = mended_journal_of(library)
    secret = partial(secrets.token_urlsafe, 24)

    def hands(tell: "Callable[[GateStep], None]") -> "Review":
        return review_of(library, sandbox, ambience, config=config, environ=environ, tell=tell)

    return Server(
        port,
        lambda port: Guard(
            port=port, word=secrets.token_hex(6), token=secret(), session=secret(), csrf=secret()
        ),
        lambda guard: Live(
            now=Present(library=library, make=partial(site_of, library, journal, ambience, live=True)),
            hands=hands,
            csrf=guard.csrf,
        ),
        Renderer(live=True).policy,
    )
