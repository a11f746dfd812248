"""Files for GitHub: what a new library is given, and what this repository runs itself."""

import json
import os
import subprocess
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner
from pydantic import TypeAdapter

from memento.changes import GateReport
from memento.cli.main import cli
from memento.errors import UsageError
from memento.review.github.comment import MARK, comment_text, read_reports
from memento.review.github.setting_up import FILES, INSTALLS, add_github, github_files, requirement_of
from tests.review.github.dossiers import saying
from tests.review.github.test_body import HOSTILE, skeleton

ROOT = Path(__file__).parents[3]
WORKFLOWS = {
    **{path.name: path.read_text("utf-8") for path in sorted((ROOT / ".github/workflows").glob("gate*.yml"))},
    **{
        f"new {Path(path).name}": data.decode()
        for path, data in github_files("x==1").items()
        if "yml" in path
    },
}
ACTION = (ROOT / ".github/actions/gate/action.yml").read_text("utf-8")


def test_a_library_gets_what_it_does_not_have_and_keeps_the_rest(library):
    library.commit_files({".github/CODEOWNERS": b"* @ada\n"}, "mine", {})
    files = github_files("x==1")
    added = add_github(library, files)
    assert set(added) == set(FILES) - {".github/CODEOWNERS"}
    assert (library.root / ".github/workflows/gate.yml").read_bytes() == files[".github/workflows/gate.yml"]
    assert (library.root / ".github/CODEOWNERS").read_bytes() == b"* @ada\n"
    tip = library.tip()
    assert add_github(library, files) == ()
    assert library.tip() == tip


def init(*argv):
    return CliRunner().invoke(cli, ["init", *map(str, argv)])


def test_the_command_adds_them_to_a_library_that_is_there(library):
    wanted = "memento-skills @ git+https://example.org/memento@0123"
    done = init(library.root, "--github", "--install", wanted)
    assert (done.exit_code, done.stderr) == (
        0,
        f"Added for GitHub: {', '.join(FILES)}.\nPush main there, then read .github/branch-protection.md.\n"
        f"The workflows install {wanted}, as .github/memento.txt says.\n",
    )
    assert set(FILES) < set(library.at().entries())
    assert (library.root / INSTALLS).read_text("utf-8").splitlines()[-1] == wanted
    assert init(library.root, "--github").stderr == "The files for GitHub are all there already.\n"


def test_a_wrong_requirement_changes_nothing(library, tmp_path):
    tip = library.tip()
    for wrong in ("", " ", "x==1\n--index-url=http://evil.example"):
        assert isinstance(init(library.root, "--github", "--install", wrong).exception, UsageError)
    for argv in (["--install", "x==1"], ["--github", "--install", ""]):
        assert isinstance(init(tmp_path / "new", *argv).exception, UsageError)
    assert (library.tip(), (tmp_path / "new").exists()) == (tip, False)


def direct(url, **info):
    return json.dumps({"url": url, **info})


COMMIT = {"vcs": "git", "commit_id": "c0ffee", "requested_revision": "main"}


@pytest.mark.parametrize(
    ("direct_url", "requirement"),
    [
        (None, "memento-skills==1.2"),
        (
            direct("https://example.org/memento", vcs_info=COMMIT),
            "memento-skills @ git+https://example.org/memento@c0ffee",
        ),
        (direct("https://example.org/m.whl", archive_info={}), "memento-skills @ https://example.org/m.whl"),
        (direct("file:///home/ada/memento", dir_info={"editable": True}), None),
        (direct("file:///home/ada/m.whl", archive_info={}), None),
        (direct("ssh://git@example.org/memento", vcs_info=COMMIT), None),
    ],
    ids=["index", "git", "archive", "folder", "file", "ssh"],
)
def test_the_workflows_install_what_runs_here_where_github_can_get_it(direct_url, requirement):
    assert requirement_of("1.2", direct_url) == requirement


class Job:
    """A workflow's steps, run as a runner does, with programs that only note down what they are told."""

    def __init__(self, folder, workflow):
        (self.job,) = yaml.load(WORKFLOWS[workflow], yaml.BaseLoader)["jobs"].values()
        self.folder, self.told = folder, folder / "told"
        (folder / ".github").mkdir()

    def program(self, path, script=""):
        path = self.folder / path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f'#!/bin/sh\necho "{path.name} $@" >> {self.told}\n{script}\n')
        path.chmod(0o755)

    def run(self, name):
        (step,) = [step for step in self.job["steps"] if step.get("name", "").startswith(name)]
        environ = {**step.get("env", {}), "PATH": f"{self.folder}/bin:{os.defpath}"}
        environ |= {"RUNNER_TEMP": str(self.folder), "REPOSITORY": "acme/library"}
        argv = ["bash", "-e", "-o", "pipefail", "-c", step["run"]]
        done = subprocess.run(argv, cwd=self.folder, env=environ, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout

    def pip(self):
        return [line for line in self.told.read_text("utf-8").splitlines() if line.startswith("pip")]


@pytest.mark.parametrize("workflow", ["new gate.yml", "new gate-comment.yml"])
def test_a_workflow_installs_what_the_file_says_and_says_so_where_it_says_nothing(tmp_path, workflow):
    job = Job(tmp_path, workflow)
    for path in ("bin/sudo", "bin/python", "memento/bin/pip"):
        job.program(path)
    sentence = f"::error file={INSTALLS}::Say in this file which Memento is to be installed.\n"
    (tmp_path / INSTALLS).write_bytes(github_files(None)[INSTALLS])
    assert (job.run("Install Memento"), job.told.exists()) == ((1, sentence), False)
    (tmp_path / INSTALLS).write_bytes(github_files("x==1")[INSTALLS])
    assert job.run("Install Memento") == (0, "")
    assert job.pip() == [f"pip install --quiet -r {INSTALLS}"]


@pytest.mark.parametrize("workflow", ["gate-comment.yml", "new gate-comment.yml"])
@pytest.mark.parametrize(
    ("number", "ours", "last"),
    [
        ("", "", "gh api --method GET repos/acme/library/pulls"),
        ("7", "", "gh pr comment 7 --repo acme/library --body-file"),
        ("7", "31\n32", "gh api --silent --method PATCH repos/acme/library/issues/comments/31 -F body=@"),
    ],
    ids=["pushed to since", "first comment", "a later one"],
)
def test_there_is_one_comment_and_it_is_changed(tmp_path, workflow, number, ours, last):
    job = Job(tmp_path, workflow)
    job.program("memento/bin/memento")
    job.program(
        "bin/gh", f'case "$*" in *issues/7/comments*) printf "{ours}" ;; *GET*) echo "{number}" ;; esac'
    )
    assert job.run("Comment") == (0, "")
    assert job.told.read_text("utf-8").splitlines()[-1].startswith(last)
    assert f'startswith("{MARK}")' in WORKFLOWS[workflow]


@pytest.mark.parametrize("name", WORKFLOWS)
def test_what_runs_a_proposal_has_no_rights_and_what_has_rights_runs_no_proposal(name):
    text = WORKFLOWS[name]
    workflow = yaml.load(text, yaml.BaseLoader)
    (job,) = workflow["jobs"].values()
    assert "pull_request_target" not in workflow["on"]
    assert "{{ secrets" not in text
    if "workflow_run" in workflow["on"]:
        assert workflow["permissions"] == {}
        assert job["permissions"] == {"actions": "read", "contents": "read", "pull-requests": "write"}
        checkouts = [step for step in job["steps"] if "checkout" in step.get("uses", "")]
        assert all("ref" not in step["with"] for step in checkouts)
    else:
        assert workflow["permissions"] == {"contents": "read"}
        assert "permissions" not in job
        assert job["steps"][0]["with"]["ref"] == "${{ github.event.pull_request.base.sha }}"


@pytest.mark.parametrize(
    "text", [*WORKFLOWS.values(), (ROOT / ".github/actions/gate/action.yml").read_text("utf-8")]
)
def test_nothing_that_a_stranger_may_name_is_pasted_into_a_script(text):
    steps = yaml.load(text, yaml.BaseLoader)
    jobs = steps["jobs"].values() if "jobs" in steps else [steps["runs"]]
    scripts = [step["run"] for job in jobs for step in job["steps"] if "run" in step]
    assert scripts or "uses: ./" in text
    assert not any("${{" in script for script in scripts)


@pytest.mark.parametrize("text", HOSTILE)
def test_no_report_comes_alive_in_the_comment(text):
    def comment(words):
        return comment_text([saying(words).report])

    assert skeleton(comment(text)) == skeleton(comment("plain words"))


def test_the_comment_has_the_verdict_and_the_route_diff():
    assert comment_text([saying("plain words").report]) == (
        f"{MARK}\n**Skill gate**\n\n"
        "| skill | verdict | evidence | tests | why |\n|---|---|---|---|---|\n"
        "| `greeter` | ✓ PASS | E2 | 1 of 2 green | `all steps passed` |\n\n"
        "**Route diff**\n\n| request | before | now |\n|---|---|---|\n"
        "| `plain words` | `none` | `greeter` |\n"
    )
    assert "no skill has changed" in comment_text([])


def test_the_command_reads_reports_and_nothing_else(tmp_path):
    file = tmp_path / "gate.json"
    file.write_bytes(TypeAdapter(list[GateReport]).dump_json([saying("x").report]))
    assert read_reports(file) == (saying("x").report,)
    done = CliRunner().invoke(cli, ["pr", "comment", str(file)])
    assert done.output == comment_text([saying("x").report])
    file.write_text("@octocat", "utf-8")
    with pytest.raises(UsageError, match="is not what `memento gate --json` prints"):
        read_reports(file)
