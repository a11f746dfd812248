"""The embedder that ships in the package: all-MiniLM-L6-v2 in int8, offline, loaded on first use.

    onnxruntime   int8 arithmetic, 1 to 2 ms a request; where a version is installed that keeps to itself
    numpy         float32 over the same weights, about 10 ms a request; everywhere else

onnxruntime from 1.29 on reports its use to its makers and writes a device id below the home folder, by
default. Such a version is never imported. Those before open no socket and write no file.

The two agree to a cosine of .98 or more, which is not equal: each has its own name, so that vectors of
the one are never compared with vectors of the other. A text is read up to its 128th word piece.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import metadata, resources
from threading import Lock
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from memento.route.wordpiece import WordPiece

MOST_PIECES = 128
WIDTH, HEADS, LAYERS = 384, 12, 6
BATCH_PIECES = 2_048
"""Pieces that numpy computes at once: enough to be quick, and little memory."""
FAR = 1e4
REVISION = 1
"""Raise it with another file: vectors that were kept must not be compared with new ones."""

Engine = Callable[["NDArray[np.int64]", "NDArray[np.int64]"], "NDArray[np.float32]"]
"""ids and mask, both (batch, pieces), to unit vectors."""


FIRST_REPORTING = (1, 29)
"""The version of onnxruntime that brought telemetry to Linux and macOS, on by default."""


@cache
def has_onnxruntime() -> bool:
    """Whether an onnxruntime is installed that reports nothing; it is not imported."""
    try:
        return keeps_to_itself(metadata.version("onnxruntime"))
    except metadata.PackageNotFoundError:
        return False


def keeps_to_itself(version: str) -> bool:
    """Whether this version of onnxruntime is one from before telemetry; False where that cannot be told."""
    parts = version.split(".")[:2]
    return (
        len(parts) == 2
        and all(part.isdecimal() for part in parts)
        and ((int(parts[0]), int(parts[1])) < FIRST_REPORTING)
    )


@dataclass(kw_only=True)
class _Loaded:
    lock: Lock = field(default_factory=Lock)
    engine: "Engine | None" = None
    words: "WordPiece | None" = None


@dataclass(frozen=True, kw_only=True)
class MiniLM:
    """Embedder over the shipped weights. Safe to share between threads."""

    fast: bool = field(default_factory=has_onnxruntime)
    """Whether onnxruntime computes."""
    threads: int = 1
    """Of onnxruntime; a route is short, and the machine has other work."""
    _loaded: _Loaded = field(default_factory=_Loaded, init=False, repr=False, compare=False)

    @property
    def name(self) -> str:
        return f"minilm-int8-{'onnx' if self.fast else 'numpy'}-{REVISION}"

    def embed(self, texts: Sequence[str]) -> "NDArray[np.float32]":
        """Unit vectors of 384; a text without a word has one too, and it means nothing."""
        import numpy as np

        engine, words = self._load()
        found = [words.encode(text, MOST_PIECES) for text in texts]
        vectors = np.empty((len(found), WIDTH), dtype=np.float32)
        # 8-bit activations take their scale from the whole batch: in other company a text would get
        # another vector.
        for batch in _batches(found, 1 if self.fast else BATCH_PIECES):
            # Alike in length, so that little of a batch is padding.
            longest = len(found[batch[-1]])
            ids = np.zeros((len(batch), longest), dtype=np.int64)
            mask = np.zeros_like(ids)
            for row, n in enumerate(batch):
                ids[row, : len(found[n])], mask[row, : len(found[n])] = found[n], 1
            vectors[batch] = engine(ids, mask)
        return vectors

    def _load(self) -> "tuple[Engine, WordPiece]":
        with self._loaded.lock:
            if self._loaded.engine is None or self._loaded.words is None:
                from memento.route.wordpiece import WordPiece

                folder = resources.files("memento.route") / "data"
                self._loaded.words = WordPiece.read((folder / "vocab.txt").read_text("utf-8"))
                with resources.as_file(folder / "minilm.onnx") as path:
                    # By its name: onnxruntime keeps bytes that it is handed beside what it makes of them.
                    self._loaded.engine = (
                        onnx_engine(str(path), self.threads) if self.fast else numpy_engine(path.read_bytes())
                    )
            return self._loaded.engine, self._loaded.words


def _batches(found: Sequence[Sequence[int]], most: int) -> Sequence[list[int]]:
    batches: list[list[int]] = []
    for n in sorted(range(len(found)), key=lambda n: len(found[n])):
        if batches and (len(batches[-1]) + 1) * len(found[n]) <= most:
            batches[-1].append(n)
        else:
            batches.append([n])
    return batches


def onnx_engine(model: bytes | str, threads: int) -> Engine:
    """onnxruntime over the graph of a file, given as its bytes or its path."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.log_severity_level = 3
    # The arena keeps the largest batch it ever saw.
    options.enable_cpu_mem_arena = False
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])

    def run(ids: "NDArray[np.int64]", mask: "NDArray[np.int64]") -> "NDArray[np.float32]":
        (vectors,) = session.run(["vectors"], {"ids": ids, "mask": mask})
        return vectors  # type: ignore[no-any-return]  # onnxruntime is untyped

    return run


def numpy_engine(data: bytes) -> Engine:
    """The same network with float32 activations."""
    import numpy as np

    from memento.route.onnx_file import constants

    held: Mapping[str, Any] = constants(data)
    wide = {
        name: (held[f"{name}.weight"] * held[f"{name}.scale"]).astype(np.float32)
        for layer in range(LAYERS)
        for name in (f"{layer}.qkv", f"{layer}.out", f"{layer}.wide", f"{layer}.narrow")
    }

    def linear(name: str, x: "NDArray[np.float32]") -> "NDArray[np.float32]":
        return x @ wide[name] + held[f"{name}.bias"]  # type: ignore[no-any-return]

    def norm(name: str, x: "NDArray[np.float32]") -> "NDArray[np.float32]":
        x = x - x.mean(axis=-1, keepdims=True)
        x /= np.sqrt(np.einsum("...i,...i->...", x, x)[..., None] / WIDTH + 1e-12)
        return x * held[f"{name}.weight"] + held[f"{name}.bias"]  # type: ignore[no-any-return]

    def attention(layer: int, x: "NDArray[np.float32]", away: "NDArray[np.float32]") -> "NDArray[np.float32]":
        batch, pieces, _ = x.shape
        heads = linear(f"{layer}.qkv", x).reshape(batch, pieces, 3, HEADS, WIDTH // HEADS)
        q, k, v = heads.transpose(2, 0, 3, 1, 4)
        weight = q @ k.swapaxes(-1, -2) + away
        weight = np.exp(weight - weight.max(axis=-1, keepdims=True))
        weight /= weight.sum(axis=-1, keepdims=True)
        return linear(f"{layer}.out", (weight @ v).swapaxes(1, 2).reshape(x.shape))

    def run(ids: "NDArray[np.int64]", mask: "NDArray[np.int64]") -> "NDArray[np.float32]":
        x = held["words.weight"][ids] * held["words.scale"][ids]
        x = norm("norm", x + held["places.weight"][: ids.shape[1]])
        away = ((mask - 1) * FAR).astype(np.float32)[:, None, None, :]
        for layer in range(LAYERS):
            x = norm(f"{layer}.norm1", x + attention(layer, x, away))
            x = norm(f"{layer}.norm2", x + linear(f"{layer}.narrow", gelu(linear(f"{layer}.wide", x))))
        total = np.einsum("bti,bt->bi", x, mask.astype(np.float32))
        unit: NDArray[np.float32] = total / np.linalg.norm(total, axis=1, keepdims=True)
        return unit

    return run


def gelu(x: "NDArray[np.float32]") -> "NDArray[np.float32]":
    """The tanh form of GELU (Hendrycks and Gimpel, arXiv 1606.08415); within .0005 of the exact one."""
    import numpy as np

    inner = np.tanh(np.float32(0.7978845608) * (x + np.float32(0.044715) * x * x * x))
    half: NDArray[np.float32] = np.float32(0.5) * x
    return half + half * inner.astype(np.float32)
