"""Embedder, and the router over a library and its journal."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from memento.assemble.models import OPENAI_URL
from memento.errors import ConfigError

if TYPE_CHECKING:
    from memento.config import Config
    from memento.journal import Journal
    from memento.library.snapshot import CommitSnapshot
    from memento.protocols import Embedder, Model
    from memento.route.router import TantivyRouter


def embedder_of(config: "Config") -> "Embedder | None":
    """The configured embedder, None for words alone. Raises ConfigError."""
    settings = config.route
    if settings.embedder == "words":
        return None
    if settings.embedder == "shipped":
        from memento.route.minilm import MiniLM

        return MiniLM()
    if not settings.model:
        raise ConfigError(
            f'[route] embedder = "{settings.embedder}" needs the name of a model: [route] model'
        )
    if settings.embedder == "fastembed":
        from memento.route.local import FastEmbedder

        return FastEmbedder(model=settings.model)
    from memento.llm.embeddings import EndpointEmbedder

    key = config.model.api_key.get_secret_value() if config.model.api_key else ""
    url = settings.base_url or config.model.base_url or OPENAI_URL
    # The key belongs to the model's endpoint; another one is not sent it.
    own = url == (config.model.base_url or OPENAI_URL)
    return EndpointEmbedder(model=settings.model, base_url=url, api_key=key if own else "", sleep=time.sleep)


def router_of(
    config: "Config",
    journal: "Journal",
    root: "Path | None" = None,
    *,
    at: "CommitSnapshot | None" = None,
    model: "Model | None" = None,
    chance: "Callable[[], float] | None" = None,
) -> "TantivyRouter":
    """The router over a library's journal, with the trained weights of the commit `at`, else of `root`.

    With a `model` it is asked about near ties, with `chance` they are explored; where the settings say so.
    """
    from memento.route import weights
    from memento.route.confidence import FUSED_THRESHOLD
    from memento.route.history import JournalHistory
    from memento.route.rerank import LLMReranker
    from memento.route.router import THRESHOLD, TantivyRouter

    embedder = embedder_of(config)
    usual = FUSED_THRESHOLD if embedder else THRESHOLD
    return TantivyRouter(
        threshold=usual if config.route.threshold is None else config.route.threshold,
        utility=lambda skill: journal.utility(skill.name, skill.tree),
        embedder=embedder,
        history=JournalHistory(journal=journal),
        weights=weights.fitting(_trained(at, root), embedder.name if embedder else None),
        folder=journal.path.parent / "route",
        reranker=LLMReranker(model=model) if model and config.route.rerank else None,
        chance=chance if config.route.explore and config.model.seed is None else None,
    )


def _trained(at: "CommitSnapshot | None", root: "Path | None") -> str | None:
    """The text of route.json, where there is one."""
    from memento.route.weights import FILE

    if at is not None:
        found = at.files([FILE]).get(FILE)
        return found.decode("utf-8", "replace") if found else None
    path = root / FILE if root else None
    return path.read_text("utf-8") if path and path.is_file() else None
