"""The command line without Python's start: a process that has imported all of it forks for each call.

A call is a process of its own as it is for a person, with its own environment, folder, streams and end; only
the imports are there already. What an import would do (which modules are loaded, which git is found) is not
seen this way: tests of that start the installed program, and so does `run` for an environment in which the
interpreter would start in another way.
"""

import atexit
import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

MEMENTO = Path(sys.executable).parent / "memento"

STARTS = ("PATH", "LANG", "GIT_CONFIG_NOSYSTEM")
"""What decides how the interpreter starts and which programs an import finds."""


def scrubbed(home: Path) -> dict[str, str]:
    return {
        "PATH": f"{MEMENTO.parent}:{os.environ['PATH']}",
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "GIT_CONFIG_NOSYSTEM": "1",
        "MEMENTO_SANDBOX": "bubblewrap",
    }


@dataclass(frozen=True, kw_only=True)
class Ran:
    """How a command ended."""

    code: int
    out: str
    err: str

    def json(self):
        return json.loads(self.out)


def run(*argv, cwd, env: Mapping[str, str]) -> Ran:
    """A call, by the process that forks where the interpreter would start the same way."""
    usual = {name: scrubbed(Path())[name] for name in STARTS}
    if {name: env.get(name) for name in STARTS} == usual:
        code, out, err = forking(**usual)([*map(str, argv)], cwd=cwd, env=env)
        return Ran(code=code, out=out.decode(), err=err.decode())
    done = subprocess.run(
        [str(MEMENTO), *map(str, argv)], cwd=cwd, env=env, capture_output=True, timeout=300, check=False
    )
    return Ran(code=done.returncode, out=done.stdout.decode(), err=done.stderr.decode())


HANGS_S = 300

SERVER = r"""
import atexit, gc, json, os, pkgutil, sys, threading
import memento.assemble, memento.cli
from memento.cli.main import main
for package in (memento.cli, memento.assemble):
    for module in pkgutil.iter_modules(package.__path__, package.__name__ + "."):
        __import__(module.name)
import docker, genai_prices, git, httpx2, numpy, openai, pydantic, rich.progress, rich.table, tantivy, yaml
from openai.resources.chat import completions
from memento.assemble import *
import memento.contest, memento.gate.gate, memento.library, memento.loop, memento.repair
import memento.act.executor, memento.llm.client, memento.reflect.judge, memento.route.router, memento.journal
assert len(os.listdir("/proc/self/task")) == 1, "only a process with a single thread may be forked"
gc.collect()
gc.freeze()
print("ready", flush=True)
for line in sys.stdin:
    call = json.loads(line)
    child = os.fork()
    if not child:
        break
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
else:
    sys.exit()
os.environ.clear()
os.environ.update(call["env"])
os.chdir(call["cwd"])
for number, name in enumerate((os.devnull, call["out"], call["err"])):
    file = os.open(name, os.O_RDWR | os.O_CREAT, 0o600)
    os.dup2(file, number)
    os.close(file)
sys.stdin = open(0, closefd=False)
code = 0
try:
    main(call["argv"])
except SystemExit as end:
    code = end.code or 0
except BaseException:
    sys.excepthook(*sys.exc_info())
    code = 1
# What the interpreter does at its end, but for taking all modules apart, which takes longer than most calls.
threading._shutdown()
atexit._run_exitfuncs()
sys.stdout.flush()
sys.stderr.flush()
os._exit(code)
"""


@dataclass(frozen=True)
class Forking:
    """The process that forks; it ends when this one does, because its standard input ends."""

    process: "subprocess.Popen[str]"
    folder: Path

    def __call__(self, argv: Sequence[str], *, cwd: Path, env: Mapping[str, str]) -> tuple[int, bytes, bytes]:
        """The exit code, standard output and standard error of a call. AssertionError when it hangs."""
        out, err = self.folder / "out", self.folder / "err"
        call = {"argv": argv, "cwd": str(cwd), "env": dict(env), "out": str(out), "err": str(err)}
        self.process.stdin.write(json.dumps(call) + "\n")
        self.process.stdin.flush()
        if not select.select([self.process.stdout], [], [], HANGS_S)[0]:
            self.process.kill()
            raise AssertionError(f"{argv} does not end: {err.read_bytes()[-2000:]!r}")
        code = int(self.process.stdout.readline())
        said = out.read_bytes(), err.read_bytes()
        out.unlink()
        err.unlink()
        return code, *said

    def close(self) -> None:
        self.process.communicate()
        shutil.rmtree(self.folder)


@cache
def forking(**environment: str) -> Forking:
    """One for this process; `environment` is what it is started in."""
    folder = Path(tempfile.mkdtemp(prefix="memento-forking-"))
    env = {**environment, "HOME": str(folder), "OPENBLAS_NUM_THREADS": "1"}
    process = subprocess.Popen(
        [sys.executable, "-c", SERVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env
    )
    assert process.stdout.readline() == "ready\n"
    made = Forking(process, folder)
    atexit.register(made.close)
    return made
