"""What SKILL.md promises of its own files, and what a change would newly reach."""

from pathlib import Path

import pytest

from memento.changes import GateOutcome
from memento.gate.change import Change
from memento.gate.harness import Harness
from memento.gate.static import static
from memento.gate.view import View
from memento.skill.promises import Broken, broken, orphans
from memento.skill.reach import capabilities
from memento.testing.snapshots import MemorySnapshot
from memento.types import File, Folder
from tests.gate.conftest import OLD_TEST, SCRIPT, folder, snapshot

JSON = "Expecting property name enclosed in double quotes: line 2 column 1 (char 2)"
LARGE = f"the yaml block {'[' * 60!r} does not parse: it is too large for an example"
DEEP = f"the yaml block {('- ' * 30)!r} does not parse: it is nested too deeply"
OPTION = "import argparse\np = argparse.ArgumentParser()\np.add_argument('--total')\np.parse_args()\n"


def files(document: str, **others: str) -> Folder:
    named = {
        name.replace("__", "/").replace("_py", ".py").replace("_md", ".md"): t for name, t in others.items()
    }
    return {name: File(data=text.encode()) for name, text in {"SKILL.md": document, **named}.items()}


@pytest.mark.parametrize(
    ("document", "script", "found"),
    [
        ("Run `scripts/a.py --total FILE`.", OPTION, ()),
        ("Run `scripts/a.py --help`.", OPTION, ()),
        ("Run `scripts/a.py --sum FILE`.", "import fire\n", ()),
        (
            "Say it.\nRun `scripts/a.py --sum FILE`.",
            OPTION,
            (Broken(line=2, message="scripts/a.py has no option --sum, which SKILL.md documents"),),
        ),
    ],
)
def test_a_documented_option_stands_in_a_script(
    document: str, script: str, found: tuple[Broken, ...]
) -> None:
    assert broken(files(document, scripts__a_py=script)) == found


@pytest.mark.parametrize(
    ("block", "messages"),
    [
        ("```python\nprint(1)\n```\n", []),
        ("```python\nprint(<FILE>)\nrest of it (\n```\n", []),
        ("```json\n{...}\n```\n", []),
        ("```\nnot code at all (\n```\n", []),
        ("```python\nprint(1\n```\n", ["the python block 'print(1' does not parse: '(' was never closed"]),
        ("   ```json\n   {\n   ```\n", [f"the json block '{{' does not parse: {JSON}"]),
        ("```yaml\na: [1, &x 2, *x]\n---\nb: !Ref c\n```\n", []),
        (
            "```yaml\na: [1\nb: *nobody\n```\n",
            ["the yaml block 'a: [1' does not parse: expected ',' or ']', but got ':'"],
        ),
        ("```yaml\n" + "[" * 3000 + "\n```\n", [LARGE]),
        ("```yaml\n" + "- " * 3000 + "1\n```\n", [DEEP]),
        ('```bash\nfor f in $(ls); do echo "${f%.csv}"; done\n```\n', []),
        ("```sh\n$ for f in\n```\n```console\nif (\n```\n", []),
        (
            "```toml\na = \n```\n",
            ["the toml block 'a =' does not parse: Invalid value (at line 1, column 5)"],
        ),
    ],
)
def test_a_block_that_says_what_it_is_parses_or_holds_a_placeholder(block: str, messages: list[str]) -> None:
    assert [each.message for each in broken(files(block))] == messages


def test_a_shell_block_is_read_and_not_run(tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    for end, messages in (
        ("fi", []),
        ("", ["the bash block 'if true; then' does not parse: line 4: syntax error: unexpected end of file"]),
    ):
        block = f"```bash\nif true; then\n  touch {ran}; echo $(touch {ran}) `touch {ran}`\n{end}\n```\n"
        assert [each.message for each in broken(files(block))] == messages
    assert not ran.exists()


def test_an_orphan_is_a_file_that_nothing_reachable_mentions() -> None:
    held = files(
        "Run `scripts/a.py`; see [more](references/deep.md).",
        scripts__a_py="import helper\n",
        scripts__helper_py="",
        references__deep_md="",
        references__lost_md="scripts/lonely.py",
        scripts__lonely_py="",
        LICENSE="",
    )
    assert orphans(held) == ("references/lost.md", "scripts/lonely.py")
    assert orphans(files("Read everything in `references/`.", references__lost_md="")) == ()


def judged(harness: Harness, base: MemorySnapshot, head: MemorySnapshot) -> tuple[GateOutcome, str]:
    views = [View(snapshot=each, journal=harness.journal) for each in (base, head)]
    change = Change(skill="adder", base=views[0], head=views[1], exam=None, exercise=None)
    answer = static(change)
    return answer.outcome, answer.detail


def test_a_new_broken_promise_refuses_a_change_and_an_old_one_does_not(harness: Harness) -> None:
    good, bad = folder(), folder(extra="Add `python3 /skill/scripts/add.py --fast FILE`.\n")
    base, head = snapshot(good, OLD_TEST), snapshot(bad, OLD_TEST)
    assert judged(harness, base, head) == (
        GateOutcome.FAIL,
        "SKILL.md:10: scripts/add.py has no option --fast, which SKILL.md documents",
    )
    assert judged(harness, head, snapshot({**bad, "scripts/add.py": good["scripts/add.py"]}, None))[0] is (
        GateOutcome.PASS
    )


def test_an_orphan_is_named_and_refuses_nothing(harness: Harness) -> None:
    head = snapshot({**folder(), "scripts/more.py": File(data=b"print(1)\n")}, OLD_TEST)
    assert judged(harness, snapshot(folder(), OLD_TEST), head) == (
        GateOutcome.PASS,
        "specification, links, scripts, security; nothing mentions scripts/more.py",
    )


def test_reach_names_packages_and_the_names_of_the_environment() -> None:
    script = SCRIPT + "import os\nos.environ['TOKEN_FILE']\nos.getenv('LANG')\n# pip install -q left-pad\n"
    assert capabilities(folder(script), None) - capabilities(folder(), None) == {
        "command pip install",
        "environment LANG",
        "environment TOKEN_FILE",
        "package left-pad",
        "use of os.environ",
        "use of os.getenv",
    }
