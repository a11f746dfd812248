"""Vectors over a real HTTP connection: in order, of unit length, and every accident a ModelError."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import numpy as np
import pytest

from memento.errors import ModelError
from memento.llm.embeddings import EndpointEmbedder

KEY = "sk-canary-0123456789abcdef"
Answer = Callable[[list[str]], tuple[int, object]]


@contextmanager
def endpoint(answer: Answer) -> Iterator[tuple[str, list[dict]]]:
    """Serves `answer(texts)` as (status, JSON); yields the base URL and what was received."""
    received: list[dict] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            received.append({"path": self.path, "key": self.headers["authorization"], **body})
            status, value = answer(body["input"])
            data = json.dumps(value).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/v1", received
        finally:
            server.shutdown()
            thread.join()


def rows(vectors: list[list[float]]) -> dict:
    """An answer with the rows in the wrong order, as the protocol allows."""
    data = [{"object": "embedding", "index": n, "embedding": v} for n, v in enumerate(vectors)]
    return {
        "object": "list",
        "model": "m",
        "data": data[::-1],
        "usage": {"prompt_tokens": 1, "total_tokens": 1},
    }


def embedder(url: str, waits: list[float]) -> EndpointEmbedder:
    return EndpointEmbedder(model="m", base_url=url, api_key=KEY, sleep=waits.append)


def test_vectors_come_in_the_order_of_the_texts_and_of_unit_length():
    with endpoint(lambda texts: (200, rows([[float(len(t)), 1.0, 0.0] for t in texts]))) as (url, received):
        vectors = embedder(url, []).embed(["aaa", ""])
    expected = np.array([[3, 1, 0], [1, 1, 0]]) / [[10**0.5], [2**0.5]]
    assert vectors == pytest.approx(expected.astype(np.float32))
    assert [(r["path"], r["key"], r["model"], r["input"]) for r in received] == [
        ("/v1/embeddings", f"Bearer {KEY}", "m", ["aaa", " "])
    ]


def test_many_texts_are_asked_for_in_batches():
    with endpoint(lambda texts: (200, rows([[1.0, float(t)] for t in texts]))) as (url, received):
        vectors = embedder(url, []).embed([str(n) for n in range(130)])
    assert (vectors.shape, [len(r["input"]) for r in received]) == ((130, 2), [64, 64, 2])
    assert np.argsort(vectors[:, 1]).tolist() == list(range(130))


@pytest.mark.parametrize(
    "vectors", [[[1.0, 2.0]], [[1.0], [1.0, 2.0]], [[], []], [[0.1], [float("nan")]], [[1.0]] * 3]
)
def test_an_answer_that_is_no_matrix_is_an_accident(vectors):
    with endpoint(lambda _: (200, rows(vectors))) as (url, _), pytest.raises(ModelError):
        embedder(url, []).embed(["a", "b"])


def test_an_overloaded_endpoint_is_asked_again_and_a_refused_key_is_not():
    for status, asked in ((503, 3), (401, 1)):
        waits: list[float] = []
        with (
            endpoint(lambda _, status=status: (status, {"error": {"message": f"no {KEY}"}})) as (
                url,
                received,
            ),
            pytest.raises(ModelError) as caught,
        ):
            embedder(url, waits).embed(["a"])
        assert (len(received), len(waits)) == (asked, asked - 1)
        assert KEY not in str(caught.value)


def test_an_endpoint_that_is_not_there_is_an_accident():
    with pytest.raises(ModelError):
        embedder("http://127.0.0.1:9/v1", []).embed(["a"])
