"""Is the built embedder still the original?

Both engines are compared with the original weights in float32 (computed by torch, from the same package),
and our tokenizer with the original one, on the docstrings of Python's own library and on odd text.
"""

import ast
import sysconfig
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from original import read
from tokenizers import Tokenizer

from memento.route.minilm import MOST_PIECES, Engine, numpy_engine, onnx_engine
from memento.route.wordpiece import WordPiece

TEXTS = 200
MODULES = ("argparse", "calendar", "csv", "email/message", "shutil", "statistics", "tarfile", "textwrap")
ODD = (
    "Übersetze Briefe; 翻译信件。", "naïve café \u2014 \u201cquotes\u201d", "a\tb\nc\u00a0d", "مرحبا بالعالم",
    "😀 x🎉y", "snake_case,CamelCase", "", "z" * 300, "\u0130stanbul ﬁne ß", "한국어 배우기",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Scores:
    """The lowest cosine with the original over all texts, and how many texts are cut up differently."""

    onnx_cosine: float
    onnx_mean: float
    numpy_cosine: float
    numpy_mean: float
    tokens_differ: int

    def line(self) -> str:
        return (
            "cosine with the original, least and mean: "
            f"onnxruntime {self.onnx_cosine:.4f} {self.onnx_mean:.4f}, "
            f"numpy {self.numpy_cosine:.4f} {self.numpy_mean:.4f}; "
            f"texts cut up differently: {self.tokens_differ}"
        )


def texts() -> Sequence[str]:
    """Docstrings, and odd text."""
    found = []
    for module in MODULES:
        tree = ast.parse((Path(sysconfig.get_paths()["stdlib"]) / f"{module}.py").read_text("utf-8"))
        nodes = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.ClassDef)]
        found += [doc for node in nodes if (doc := ast.get_docstring(node))]
    return [*found[:TEXTS], *ODD]


def check(model: bytes, vocabulary: bytes, source: Path) -> Scores:
    """Scores of the file in the bytes `model`."""
    reference = Tokenizer.from_file(str(source / "tokenizer.json"))
    reference.no_padding()
    reference.enable_truncation(MOST_PIECES)
    ours = WordPiece.read(vocabulary.decode("utf-8"))
    expected = [reference.encode(text).ids for text in texts()]
    engines = onnx_engine(model, 1), numpy_engine(model)
    truth = read(source).vectors(expected)
    onnx, plain = (np.einsum("ni,ni->n", truth, vectors(engine, expected)) for engine in engines)
    return Scores(
        onnx_cosine=float(onnx.min()),
        onnx_mean=float(onnx.mean()),
        numpy_cosine=float(plain.min()),
        numpy_mean=float(plain.mean()),
        tokens_differ=sum(
            ours.encode(text, MOST_PIECES) != ids for text, ids in zip(texts(), expected, strict=True)
        ),
    )


def vectors(engine: Engine, encoded: Sequence[Sequence[int]]) -> NDArray[np.float32]:
    """One text at a time, as a route asks."""
    rows = [np.array([ids], dtype=np.int64) for ids in encoded]
    return np.concatenate([engine(row, np.ones_like(row)) for row in rows])
