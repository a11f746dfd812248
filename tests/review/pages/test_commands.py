"""`memento report` and `memento serve` as they are typed."""

import os
import signal
import socket
import subprocess
import sys
import urllib.request
from http.cookiejar import CookieJar
from pathlib import Path

from tests import command
from tests.command import Ran, scrubbed

MEMENTO = (sys.executable, "-c", "from memento.cli.main import main; main()")


def run(*arguments: str, cwd: Path) -> Ran:
    return command.run(*arguments, cwd=cwd, env=scrubbed(cwd.parent))


def test_a_report_is_written_and_said_where(library, tmp_path):
    done = run("report", "--json", "-o", str(tmp_path / "out"), cwd=library.root)
    said = done.json()
    assert (done.code, done.err) == (0, "")
    assert {**said, "seconds": 0, "bytes": 0} == {
        "folder": str(tmp_path / "out"), "pages": 5, "bytes": 0, "seconds": 0,
    }  # fmt: skip
    done = run("report", "-o", str(tmp_path / "out"), cwd=library.root)
    assert (done.code, done.out) == (0, f"{tmp_path / 'out' / 'index.html'}\n")


def test_a_report_never_takes_a_folder_that_holds_something_else(library):
    done = run("report", "-o", ".", cwd=library.root)
    assert done.code == 2
    assert "which no report wrote" in done.err
    assert (library.root / "skills").is_dir()


def test_serve_prints_the_address_that_lets_a_browser_in_and_ends_with_an_interrupt(library):
    with subprocess.Popen(
        [*MEMENTO, "serve"], cwd=library.root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    ) as server:  # fmt: skip
        try:
            address = server.stdout.readline().strip()
            opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
            with opener.open(address, timeout=120) as answer:
                page = answer.read().decode()
        finally:
            server.send_signal(signal.SIGINT)
        said = server.communicate(timeout=120)
    assert "greeter" in page
    assert address.startswith("http://127.0.0.1:")
    assert said == ("", "serving until ^C\nended; what had landed stays, nothing is half landed\n")
    assert server.returncode == 0


def test_a_taken_port_is_said_with_the_way_out(library):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        done = run("serve", "--port", port, cwd=library.root)
    assert (done.code, done.out) == (2, "")
    assert f"Port {port} is taken" in done.err
    assert "--port" in done.err
