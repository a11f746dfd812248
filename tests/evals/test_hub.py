"""A gated set over HTTP on loopback: the right token, none, and a connection that breaks."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from memento.errors import UsageError
from memento.evals.datasets.hub import Hub
from memento.evals.datasets.load import Wanted, load

TOKEN = "hf_canary"
ROWS = "".join(
    json.dumps({"task_id": f"t{n}", "Question": f"Q{n}", "Level": 1, "Final answer": "1", "file_name": name})
    + "\n"
    for n, name in enumerate(["", "", "a.txt"])
)
FILES = {"2023/validation/metadata.jsonl": ROWS, "2023/validation/a.txt": "attached"}


class Server(ThreadingHTTPServer):
    asked: list[tuple[str, str]]
    breaks_at: str | None = None
    listed: list[str]


class Handler(BaseHTTPRequestHandler):
    server: Server

    def log_message(self, *_) -> None:
        pass

    def do_GET(self) -> None:
        self.server.asked.append((self.path, self.headers.get("Authorization", "")))
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            return self.answer(401, b"gated")
        if self.path.startswith("/api/datasets/gaia-benchmark/GAIA/tree/main/2023"):
            entries = [{"type": "directory", "path": "2023/validation"}]
            entries += [{"type": "file", "path": path} for path in self.server.listed]
            return self.answer(200, json.dumps(entries).encode())
        name = self.path.removeprefix("/datasets/gaia-benchmark/GAIA/resolve/main/")
        if name == self.server.breaks_at:
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            self.wfile.write(b"half")
            self.close_connection = True
            return None
        return self.answer(200, FILES[name].encode()) if name in FILES else self.answer(500, b"")

    def answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def server() -> Iterator[Server]:
    with running() as server:
        yield server


@contextmanager
def running() -> Iterator[Server]:
    server = Server(("127.0.0.1", 0), Handler)
    server.asked, server.listed = [], list(FILES)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def hub(server: Server, token: str | None = TOKEN) -> Hub:
    return Hub(token=token, endpoint=f"http://127.0.0.1:{server.server_port}")


GAIA = Wanted(name="gaia", split="validation")


def test_a_gated_set_is_fetched_once_with_the_users_token(server, tmp_path):
    dataset = load(GAIA, hub(server), tmp_path)
    assert [item.id for item in dataset.items] == ["t0", "t1", "t2"]
    assert dict(dataset.items[2].exercise.task.files) == {"a.txt": b"attached"}
    assert {token for _, token in server.asked} == {f"Bearer {TOKEN}"}
    server.asked.clear()
    assert load(GAIA, hub(server), tmp_path) == dataset
    assert len(server.asked) == 1, "only the listing is asked for again"


@pytest.mark.parametrize(
    ("token", "words"), [(None, "without a token"), ("hf_other", "refused access. Accept")]
)
def test_a_gated_set_without_access_says_how_to_get_it(server, tmp_path, token, words):
    with pytest.raises(UsageError) as error:
        load(GAIA, hub(server, token), tmp_path)
    said = str(error.value)
    assert words in said
    assert "https://huggingface.co/datasets/gaia-benchmark/GAIA" in said
    assert "HF_TOKEN" in said
    assert "--data" in said
    assert str(token) not in said


def test_a_download_that_breaks_keeps_what_has_come_and_goes_on_there(server, tmp_path):
    server.breaks_at = "2023/validation/a.txt"
    with pytest.raises(UsageError, match="What has come is kept; try again"):
        load(GAIA, hub(server), tmp_path)
    kept = sorted(path.name for path in (tmp_path / "gaia/2023/validation").iterdir())
    assert kept == ["metadata.jsonl"]
    server.breaks_at = None
    server.asked.clear()
    assert len(load(GAIA, hub(server), tmp_path).items) == 3
    assert [path.rsplit("/", 1)[1] for path, _ in server.asked[1:]] == ["a.txt"]


def test_a_listing_that_leads_out_of_the_folder_is_refused(server, tmp_path):
    server.listed = ["../../evil"]
    with pytest.raises(UsageError, match="outside its folder"):
        load(GAIA, hub(server), tmp_path / "downloads")
    assert not (tmp_path / "evil").exists()
