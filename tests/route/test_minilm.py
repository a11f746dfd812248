"""The embedder that ships: offline, two engines, one meaning."""

import os
import subprocess
import sys
import time
from importlib import metadata
from pathlib import Path

import numpy as np
import pytest

from memento.route.minilm import MiniLM, gelu, has_onnxruntime, keeps_to_itself

TEXTS = ("bake a loaf of bread", "sourdough recipe", "capture the queen in chess", "", "翻译", "word " * 400)


ENGINES = [False, True] if has_onnxruntime() else [False]


@pytest.fixture(scope="module", params=ENGINES)
def embedder(request) -> MiniLM:
    return MiniLM(fast=request.param)


def test_vectors_are_unit_length_and_alike_meanings_are_near(embedder):
    vectors = embedder.embed(TEXTS)
    assert (vectors.shape, vectors.dtype) == ((6, 384), np.float32)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(6), abs=1e-5)
    bread, sourdough, chess = vectors[:3]
    assert bread @ sourdough > 0.4 > 0.25 > bread @ chess


def test_a_text_has_the_same_vector_alone_and_among_others(embedder):
    together = embedder.embed(TEXTS)
    alone = np.concatenate([embedder.embed([text]) for text in TEXTS])
    assert np.einsum("ni,ni->n", together, alone).min() > 0.99999


def test_the_engines_agree_and_never_share_a_name():
    plain, *others = [MiniLM(fast=fast).embed(TEXTS[:3]) for fast in ENGINES]
    for other in others:
        assert np.einsum("ni,ni->n", plain, other).min() > 0.96
    assert MiniLM(fast=False).name != MiniLM(fast=True).name


def test_the_quick_engine_is_the_one_that_is_used_where_it_is_installed():
    assert MiniLM().fast is has_onnxruntime()


@pytest.mark.parametrize(
    ("version", "trusted"),
    [
        ("1.25.0", True),
        ("1.28.3", True),
        ("1.29.0", False),
        ("1.32.0", False),
        ("2.0.0", False),
        ("1.9", True),
        ("1", False),
        ("", False),
        ("1.x.2", False),
    ],
)
def test_an_onnxruntime_that_reports_its_use_is_not_trusted(version, trusted):
    assert keeps_to_itself(version) is trusted


@pytest.mark.skipif(not has_onnxruntime(), reason="there is no wheel of onnxruntime for this platform")
def test_the_quick_engine_holds_no_address_to_report_to():
    folder = Path(str(metadata.distribution("onnxruntime").locate_file("onnxruntime/capi")))
    libraries = [path.read_bytes() for path in folder.glob("*.so*")]
    assert libraries
    assert not any(b"events.data.microsoft" in code or b"OneCollector" in code for code in libraries)


def test_a_vector_leaves_nothing_in_the_home_folder(tmp_path):
    code = "from memento.route.minilm import MiniLM; MiniLM().embed(['bake'])"
    environ = {**os.environ, "HOME": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"}
    subprocess.run([sys.executable, "-c", code], check=True, env=environ)
    assert list(tmp_path.rglob("*")) == []


def test_no_text_no_vector(embedder):
    assert embedder.embed(()).shape == (0, 384)


def test_gelu_is_within_half_a_thousandth_of_the_exact_form():
    from math import erf

    x = np.linspace(-6, 6, 1001, dtype=np.float32)
    exact = np.array([v / 2 * (1 + erf(v / 2**0.5)) for v in x])
    assert np.abs(gelu(x) - exact).max() < 5e-4


def test_importing_the_embedder_loads_neither_engine():
    code = (
        "import sys, memento.route.minilm as m; m.MiniLM().name;"
        "sys.exit(bool({'numpy', 'onnxruntime'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_first_use_takes_no_noticeable_time():
    start = time.perf_counter()
    MiniLM().embed(["bake"])
    assert time.perf_counter() - start < 2.0  # .15 s on an idle machine; this one may be busy
