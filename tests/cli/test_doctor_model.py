"""`memento doctor` about models, the way there without one, and what leaves the machine when spans are on."""

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from memento.cli.live import answer_so_far
from memento.protocols import Reply, ToolCall
from memento.testing import profiles
from memento.testing.loopback import LoopbackServer
from tests.cli.conftest import state_of

SECRET = "the patient is called Ada"


def port_of(server):
    return server.base_url.split(":")[2].split("/")[0]


def with_local_port(library, git, server):
    settings = library / "memento.toml"
    text = settings.read_text("utf-8") if settings.exists() else ""
    assert "[model]" not in text
    settings.write_text(f"{text}\n[model]\nlocal_ports = [{port_of(server)}]\n", "utf-8")
    git("add", "memento.toml", cwd=library)
    git("commit", "-q", "-m", "ports", cwd=library)


def test_each_check_is_an_entry_of_name_ok_detail_and_fix(fresh, memento):
    ran = memento("doctor", "--json", cwd=fresh)
    checks = {check["name"]: check for check in ran.json()}
    assert ran.code == 2, "no model is set"
    assert all(set(check) == {"name", "ok", "detail", "fix"} for check in checks.values())
    assert {"python", "git", "sandbox", "library", "model", "local"} <= set(checks)
    assert checks["model"] == {
        "name": "model",
        "ok": False,
        "detail": "no model is set; `memento run` needs one, `memento demo` does not",
        "fix": "export OPENAI_API_KEY or OPENAI_BASE_URL, and MEMENTO_MODEL",
    }


def test_the_variable_of_a_key_is_named_and_the_key_is_not(fresh, memento):
    url = "https://me:hunter2@openrouter.ai/api/v1"
    keys = {"OPENROUTER_API_KEY": "sk-canary-1", "OPENAI_API_KEY": "sk-canary-2"}
    ran = memento(
        "doctor", "--only", "model", "--json", cwd=fresh, MEMENTO_MODEL="m", OPENAI_BASE_URL=url, **keys
    )
    (check,) = ran.json()
    assert (ran.code, check["detail"]) == (0, "m at openrouter.ai, with the key in OPENROUTER_API_KEY")
    assert "canary" not in ran.out + ran.err
    assert "hunter2" not in ran.out + ran.err


def test_a_server_on_this_machine_is_shown_and_used_only_when_it_is_named(fresh, memento, git):
    before = None
    with LoopbackServer([], model="tiny") as server:
        with_local_port(fresh, git, server)
        before = state_of(fresh)
        (check,) = memento("doctor", "--only", "local", "--json", cwd=fresh).json()
        ran = memento("run", "Say yes", cwd=fresh)
    assert check["ok"]
    assert check["detail"] == f"{server.base_url} (a server's port): tiny; used only with --base-url"
    assert (ran.code, ran.out) == (4, "")
    assert f"--base-url {server.base_url} --model tiny" in ran.err
    assert server.requests == []
    assert state_of(fresh) == before


def test_a_probe_is_kept_for_this_user_and_used_by_the_next_run(fresh, memento, tmp_path):
    def answer(body):
        return '{"colour": "blue"}' if body.get("response_format") else "yes"

    with LoopbackServer(answer, profile=profiles.VLLM) as server:
        settings = {"MEMENTO_MODEL": "loopback", "OPENAI_BASE_URL": server.base_url}
        ran = memento("doctor", "--only", "model", "--probe", "--json", cwd=fresh, **settings)
        found = {check["name"]: check for check in ran.json()}
        probed = len(server.requests)
        again = memento("run", "Say yes", "--no-learn", "--answer", "yes", cwd=fresh, **settings)
    assert ran.code == 0, ran.err
    assert found["probe tools"]["detail"].startswith('no: refused: "auto" tool choice requires')
    assert found["probe json_object"]["detail"] == "yes"
    assert found["probe json_schema"]["detail"] == "no: taken and ignored"
    assert found["probe kept"]["detail"].startswith(str(tmp_path / "person/.local/state/memento/endpoints/"))
    assert (again.code, again.out) == (0, "yes\n")
    (request,) = server.requests[probed:]
    assert "tools" not in request.body, "what is refused is not asked for again"


def test_an_endpoint_that_is_not_there_ends_the_probe_with_the_reason(fresh, memento):
    url = {"MEMENTO_MODEL": "m", "OPENAI_BASE_URL": "http://127.0.0.1:9/v1"}
    ran = memento("doctor", "--only", "model", "--probe", "--json", cwd=fresh, **url)
    failed = ran.json()[-1]
    assert (ran.code, failed["name"], failed["ok"]) == (2, "probe", False)
    assert "Connection refused" in failed["detail"]


# ---------------------------------------------------------------- spans


class Collector(BaseHTTPRequestHandler):
    """Takes what is exported, as an OpenTelemetry collector does."""

    def log_message(self, *arguments):
        pass

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.received.append((self.path, body))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()


@pytest.fixture
def collector():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Collector)
    server.received = []
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(("spans", "exported"), [({}, 0), ({"MEMENTO_SPANS": "true"}, 1)], ids=["off", "on"])
def test_spans_are_sent_only_when_asked_for_and_without_what_was_said(
    fresh, memento, collector, spans, exported
):
    call = ToolCall(id="f", name="final_answer", arguments=json.dumps({"answer": SECRET}))
    url = f"http://127.0.0.1:{collector.server_port}"
    with LoopbackServer([Reply(text="", tool_calls=(call,))]) as server:
        ran = memento(
            "run", f"Remember: {SECRET}", "--answer", SECRET, "--no-learn", "--model", "loopback",
            "--base-url", server.base_url, cwd=fresh, OTEL_EXPORTER_OTLP_ENDPOINT=url, **spans,
        )  # fmt: skip
    assert (ran.code, ran.out) == (0, f"{SECRET}\n")
    assert [path for path, _ in collector.received] == ["/v1/traces"] * exported
    for _, body in collector.received:
        assert b"gen_ai.usage.output_tokens" in body
        assert b"chat loopback" in body
        assert SECRET.encode() not in body


# ---------------------------------------------------------------- an answer while it comes


@pytest.mark.parametrize(
    ("arguments", "answer"),
    [
        ("", ""),
        ('{"ans', ""),
        ('{"answer": "', ""),
        ('{"answer": "fo', "fo"),
        ('{"answer": "four"}', "four"),
        ('{"answer": "a\\', "a"),
        ('{"answer": "a\\n', "a\n"),
        ('{"answer": "a\\u00', "a"),
        ('{"answer": "a\\u00e4', "aä"),
        ('{"answer": "a\\ud83d', "a"),
        ('{"answer": "a\\ud83d\\ude00', "a😀"),
        ('{"answer": "say \\"hi\\" {', 'say "hi" {'),
        ('{"answer": 4', ""),
        ('{"thought": "x", "answer" : "four', "four"),
        ('{"answer": "a\\x', ""),
    ],
)
def test_an_answer_is_read_from_the_beginning_of_a_call(arguments, answer):
    assert answer_so_far(arguments) == answer
