"""Any other local embedding model, through fastembed (extra `embed`); downloaded on first use."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, Any

from memento.errors import ConfigError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(kw_only=True)
class _Loaded:
    lock: Lock = field(default_factory=Lock)
    model: Any = None


@dataclass(frozen=True, kw_only=True)
class FastEmbedder:
    """Embedder over fastembed's TextEmbedding. Raises ConfigError when it is not installed."""

    model: str
    _loaded: _Loaded = field(default_factory=_Loaded, init=False, repr=False, compare=False)

    @property
    def name(self) -> str:
        return f"fastembed/{self.model}"

    def embed(self, texts: Sequence[str]) -> "NDArray[np.float32]":
        """Unit vectors of the model's dimension."""
        import numpy as np

        with self._loaded.lock:
            if self._loaded.model is None:
                try:
                    from fastembed import TextEmbedding
                except ImportError as error:
                    raise ConfigError(
                        "[route] embedder = \"fastembed\" needs it: pip install 'memento-skills[embed]'"
                    ) from error
                self._loaded.model = TextEmbedding(self.model)
        vectors = np.stack(list(self._loaded.model.embed(list(texts)))).astype(np.float32)
        unit: NDArray[np.float32] = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
        return unit
