"""Vectors from any OpenAI-compatible `/v1/embeddings`: hosted, Ollama, llama.cpp, vLLM, LM Studio.

Rules
- Asked in batches; an accident that a later try can mend is tried again `retries` times, then raised.
- Every accident is a ModelError, and no message contains the key.
- An answer with too few vectors, of mixed or no dimension, or without numbers is an accident too.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from memento.errors import ModelError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

BATCH = 64
MOST_CHARS = 8_000
"""Of one text; endpoints refuse what their model cannot read."""


@dataclass(frozen=True, kw_only=True)
class EndpointEmbedder:
    """Embedder behind an endpoint. Safe to share between threads."""

    model: str
    base_url: str
    api_key: str = field(default="", repr=False)
    sleep: Callable[[float], None]
    timeout_s: float = 30.0
    retries: int = 2

    @property
    def name(self) -> str:
        return f"{self.endpoint}/{self.model}"

    @property
    def endpoint(self) -> str:
        """The host that is asked, without any credentials of the URL."""
        url = urlsplit(self.base_url)
        return f"{url.hostname}:{url.port}" if url.port else str(url.hostname)

    def embed(self, texts: Sequence[str]) -> "NDArray[np.float32]":
        """Unit vectors of the endpoint's dimension. Raises ModelError."""
        rows: list[Sequence[float]] = []
        for start in range(0, len(texts), BATCH):
            # An empty input is refused by most endpoints.
            batch = [text[:MOST_CHARS] or " " for text in texts[start : start + BATCH]]
            rows += self._patiently(batch)
        return self._unit(rows)

    def _patiently(self, batch: Sequence[str]) -> Sequence[Sequence[float]]:
        for tried in range(self.retries + 1):
            try:
                return self._once(batch)
            except ModelError as error:
                if not error.retryable or tried == self.retries:
                    raise
                self.sleep(0.5 * 2.0**tried)
        raise AssertionError("the last try returns or raises")

    def _once(self, batch: Sequence[str]) -> Sequence[Sequence[float]]:
        from openai import OpenAI

        from memento.llm import faults

        with (
            faults.named(self.endpoint, self.model, self.api_key),
            OpenAI(
                # The SDK would look for a key in the environment when there is none.
                api_key=self.api_key or "none",
                base_url=self.base_url,
                max_retries=0,
                timeout=self.timeout_s,
            ) as client,
        ):
            answer: Any = client.embeddings.create(
                model=self.model, input=list(batch), encoding_format="float"
            )
        data = sorted(answer.data or (), key=lambda row: row.index)
        if [row.index for row in data] != list(range(len(batch))):
            raise ModelError(f"{self.endpoint} gave {len(data)} vectors for {len(batch)} texts.")
        return [row.embedding for row in data]

    def _unit(self, rows: Sequence[Sequence[float]]) -> "NDArray[np.float32]":
        import numpy as np

        if len({len(row) for row in rows}) > 1 or any(not row for row in rows):
            raise ModelError(f"{self.endpoint} gave vectors of different or of no dimension.")
        vectors = np.array(rows, dtype=np.float32).reshape(len(rows), -1)
        if not np.isfinite(vectors).all():
            raise ModelError(f"{self.endpoint} gave vectors that are no numbers.")
        vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
        return vectors
