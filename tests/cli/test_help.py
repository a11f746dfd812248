"""`memento --help`: quick, honest, with examples that exist, and without touching anything."""

import json
import re
import shlex
import subprocess
import sys

import click
import pytest

from memento import __version__
from memento.cli.main import COMMANDS, cli

HEAVY = {
    "openai",
    "docker",
    "tantivy",
    "numpy",
    "pydantic",
    "git",
    "rich",
    "jinja2",
    "httpx2",
    "yaml",
    "pytest",
}

WATCHED = """
import json, sys
events = []
def watch(event, arguments):
    if event.startswith("socket.") or event in {"os.mkdir", "os.remove", "os.rename"}:
        events.append([event, str(arguments)])
    elif event == "open" and isinstance(arguments[1], str) and set(arguments[1]) & set("wax+"):
        events.append([event, str(arguments)])
sys.addaudithook(watch)
from memento.cli.main import main
try:
    main(json.loads(sys.argv[1]))
except SystemExit as ended:
    code = ended.code
print(json.dumps({"code": code, "events": events, "modules": sorted(sys.modules)}), file=sys.stderr)
"""


def commands():
    context = click.Context(cli)
    return {name: cli.get_command(context, name) for name in COMMANDS}


def examples(name):
    text = commands()[name].callback.__doc__
    return [line.strip() for line in text.partition("Examples:")[2].splitlines() if line.strip()]


@pytest.mark.parametrize(
    "arguments", [["--help"], ["--version"], *([name, "--help"] for name in COMMANDS)], ids=" ".join
)
def test_help_imports_nothing_heavy_makes_no_file_and_opens_no_port(arguments, tmp_path, environment):
    done = subprocess.run(
        [sys.executable, "-B", "-c", WATCHED, json.dumps(arguments)],
        cwd=tmp_path, env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    seen = json.loads(done.stderr)
    assert seen["code"] == 0
    assert seen["events"] == []
    assert {module.split(".")[0] for module in seen["modules"]} & HEAVY == set()
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["person"]


def test_the_version_is_the_packages(memento):
    assert memento("--version").out == f"memento, version {__version__}\n"


def test_the_list_of_commands_says_what_each_one_is(memento):
    out = memento("--help").out
    for name, text in COMMANDS.items():
        assert re.search(rf"^  {name} +{re.escape(text)}$", out, re.MULTILINE)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_examples_and_explains_itself(name):
    assert examples(name), f"{name} has no examples"
    assert all(parameter.help for parameter in commands()[name].params if isinstance(parameter, click.Option))


LINES = [(name, line) for name in COMMANDS for line in examples(name)]


@pytest.mark.parametrize(("name", "line"), LINES, ids=[line for _, line in LINES])
def test_the_commands_and_options_of_an_example_exist(name, line):
    inner = re.search(r"memento [^|>)]*", line)
    if inner is None:
        assert line.startswith("export "), line
        return
    _, command, *arguments = shlex.split(inner.group(0))
    assert command == name
    commands()[command].make_parser(click.Context(commands()[command], info_name=command))
    commands()[command].make_context(command, list(arguments))


def test_nothing_at_all_shows_the_help(memento):
    ran = memento()
    assert ran.code == 2
    assert "Usage: memento" in ran.out + ran.err
