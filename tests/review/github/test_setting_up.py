"""Files for GitHub: what a new library is given, and what this repository runs itself."""

from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner
from pydantic import TypeAdapter

from memento import __version__
from memento.changes import GateReport
from memento.cli.main import cli
from memento.errors import UsageError
from memento.review.github.comment import MARK, comment_text, read_reports
from memento.review.github.setting_up import FILES, add_github, github_files
from tests.review.github.dossiers import saying
from tests.review.github.test_body import HOSTILE, skeleton

ROOT = Path(__file__).parents[3]
WORKFLOWS = {
    **{path.name: path.read_text("utf-8") for path in sorted((ROOT / ".github/workflows").glob("gate*.yml"))},
    **{
        f"new {Path(path).name}": data.decode() for path, data in github_files("1.0").items() if "yml" in path
    },
}
ACTION = (ROOT / ".github/actions/gate/action.yml").read_text("utf-8")


def test_a_library_gets_what_it_does_not_have_and_keeps_the_rest(library):
    library.commit_files({".github/CODEOWNERS": b"* @ada\n"}, "mine", {})
    added = add_github(library, __version__)
    assert set(added) == set(FILES) - {".github/CODEOWNERS"}
    assert (library.root / ".github/workflows/gate.yml").read_bytes() == github_files(__version__)[added[0]]
    assert (library.root / ".github/CODEOWNERS").read_bytes() == b"* @ada\n"
    tip = library.tip()
    assert add_github(library, __version__) == ()
    assert library.tip() == tip


def test_the_command_adds_them_to_a_library_that_is_there(library):
    done = CliRunner().invoke(cli, ["init", str(library.root), "--github"])
    assert done.exit_code == 0
    assert "branch-protection.md" in done.stderr
    assert set(FILES) < set(library.at().entries())


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
