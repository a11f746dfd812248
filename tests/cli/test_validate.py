"""memento validate: what is said of a skill, in words, as JSON and as SARIF, and the hook that calls it."""

import json
import re
import shutil
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from memento.cli.validate import command

GOOD = "---\nname: good\ndescription: Does good. Use when asked.\n---\n\nDo it.\n"
BAD = "---\nname: other\ndescription: Does it.\nauthor: me\n---\n\nSee [notes](references/gone.md).\n"


@pytest.fixture
def tree(tmp_path, monkeypatch) -> Path:
    for name, text in {"good": GOOD, "bad": BAD}.items():
        folder = tmp_path / "skills" / name
        (folder / "scripts").mkdir(parents=True)
        (folder / "SKILL.md").write_text(text, "utf-8")
        (folder / "scripts" / "go.py").write_text("print(1)\n", "utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments: str):
    return CliRunner().invoke(command, arguments, standalone_mode=False)


def test_each_finding_has_file_line_and_fix_and_an_error_ends_with_1(tree):
    done = run("skills")
    assert done.return_value == 1
    assert done.stdout.splitlines() == [
        "skills/bad/SKILL.md:2: error: the name is 'other', the folder 'bad' (name: bad) [name]",
        "skills/bad/SKILL.md:4: warning: `author` is not a specified field"
        " (put it in metadata) [unknown-field]",
        "skills/bad/SKILL.md:7: error: references/gone.md does not exist"
        " (add the file or correct the link) [dead-link]",
    ]
    assert done.stderr == "2 skills, 2 errors, 1 warnings, 0 unusable\n"


@pytest.mark.parametrize("path", ["skills/good", "skills/good/SKILL.md", "skills/good/scripts/go.py"])
def test_a_folder_its_document_and_any_file_of_it_name_the_same_skill(tree, path):
    done = run(path, path)
    assert (done.return_value, done.stdout) == (0, "")
    assert done.stderr == "1 skills, 0 errors, 0 warnings, 0 unusable\n"


def test_without_a_path_everything_below_is_checked(tree):
    assert run().stderr == "2 skills, 2 errors, 1 warnings, 0 unusable\n"


def test_the_current_folder_is_known_by_its_real_name(tree, monkeypatch):
    monkeypatch.chdir(tree / "skills" / "good")
    assert (run(".").return_value, run("SKILL.md").return_value) == (0, 0)


def test_json_lists_every_skill_also_the_unusable_ones(tree):
    (tree / "skills" / "bad" / "SKILL.md").write_text("# Only Markdown\n", "utf-8")
    done = run("--json", "skills")
    assert done.return_value == 1
    assert json.loads(done.stdout) == [
        {
            "name": "bad",
            "path": "skills/bad",
            "usable": False,
            "diagnostics": [
                {
                    "severity": "error",
                    "code": "no-frontmatter",
                    "line": 1,
                    "message": "there is no frontmatter",
                    "fix": "start the file with `---`, name, description, `---`",
                    "file": "SKILL.md",
                }
            ],
        },
        {"name": "good", "path": "skills/good", "usable": True, "diagnostics": []},
    ]


def test_sarif_names_the_rule_the_place_and_the_fix(tree):
    folder = tree / "skills" / "bad"
    (folder / "SKILL.md").write_text(
        BAD.replace("name: other", "name: bad").replace("author: me\n", ""), "utf-8"
    )
    shutil.move(folder, tree / "skills" / "a b" / "bad")
    done = run("--sarif", "skills")
    text = "references/gone.md does not exist. To mend it: add the file or correct the link."
    document = json.loads(done.stdout)
    assert document["runs"][0].pop("tool")["driver"]["rules"] == [
        {
            "id": "dead-link",
            "shortDescription": {"text": "dead link"},
            "help": {"text": "add the file or correct the link"},
        }
    ]
    assert document == {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {
                "columnKind": "unicodeCodePoints",
                "results": [
                    {
                        "ruleId": "dead-link",
                        "ruleIndex": 0,
                        "level": "error",
                        "message": {"text": text},
                        "locations": [
                            {
                                "physicalLocation": {
                                    "artifactLocation": {"uri": "skills/a%20b/bad/SKILL.md"},
                                    "region": {"startLine": 6},
                                }
                            }
                        ],
                    }
                ],
            }
        ],
    }


def test_links_and_large_files_are_named_and_never_followed(tree):
    folder = tree / "skills" / "good"
    (folder / "leak.md").symlink_to("/etc/passwd")
    (folder / "leaks").symlink_to("/etc")
    (tree / "skills" / "linked").symlink_to(folder)
    with (folder / "huge.bin").open("wb") as file:
        file.truncate(9 * 1024 * 1024)
    found = json.loads(run("--json", "skills").stdout)
    assert [skill["name"] for skill in found] == ["bad", "good"]
    assert [(d["code"], d["file"]) for d in found[1]["diagnostics"]] == [
        ("strange-file", "huge.bin"),
        ("strange-file", "leak.md"),
        ("strange-file", "leaks"),
    ]


def test_what_is_no_skill_is_a_wrong_command_line(tree):
    (tree / "plain").mkdir()
    (tree / "plain" / "notes.txt").write_text("x", "utf-8")
    for path, said in {
        "plain": "no SKILL.md",
        "gone": "does not exist",
        "plain/notes.txt": "no skill",
    }.items():
        done = run(path)
        assert said in str(done.exception)
        assert done.exception.exit_code == 2


def test_the_shipped_hook_calls_this_command_for_files_of_skills():
    root = Path(__file__).parents[2]
    (hook,) = yaml.safe_load((root / ".pre-commit-hooks.yaml").read_text("utf-8"))
    assert hook["entry"].split() == ["memento", "validate"]
    concerned = re.compile(hook["files"])
    for path in ("skills/files/SKILL.md", "SKILL.md", "a/skills/x/scripts/go.py", "other/SKILL.md"):
        assert concerned.search(path)
    for path in ("README.md", "skills/README.md", "src/my_skills/x.py"):
        assert not concerned.search(path)
