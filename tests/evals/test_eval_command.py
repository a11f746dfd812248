"""`memento eval` as a person runs it: a real process, git and sandbox, and a model behind a connection."""

import json
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from memento.evals.log import read
from memento.journal import Journal
from memento.testing.loopback import Fault, LoopbackServer
from tests.cli.conftest import state_of
from tests.command import run, scrubbed

TASKS = 4


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    """A folder with a library and, beside it, tasks with a test and a train split."""
    root = tmp_path_factory.mktemp("eval")
    assert run("init", root / "library", cwd=root, env=scrubbed(root)).code == 0
    # Words alone: these tests are not about routing, and the embedder takes a second per process.
    with (root / "library/memento.toml").open("a") as settings:
        settings.write('\n[route]\nembedder = "words"\n')
    git = ["git", "-c", "user.name=A", "-c", "user.email=a@b.c", "-C", root / "library"]
    subprocess.run([*git, "commit", "-qam", "words"], check=True)
    rows = [
        {
            "id": f"t{n}", "text": f"What is {n} plus {n}, exactly?", "answer": str(2 * n + 100),
            "scorer": "numeric", "level": str(n % 2 + 1), "subject": "sums", "split": "test",
        }
        for n in range(TASKS)
    ]  # fmt: skip
    (root / "tasks.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return root


@pytest.fixture
def evaluate(place, tmp_path):
    """memento eval with a copy of the library's state, so that no test sees another's records."""
    library = tmp_path / "library"
    subprocess.run(["cp", "-r", place / "library", library], check=True)

    def evaluate(*argv, server=None, dataset=place / "tasks.jsonl", **env):
        model = ("--model", "loopback", "--base-url", server.base_url) if server else ()
        environment = {**scrubbed(tmp_path), "OPENAI_API_KEY": "sk-canary-123", **env}
        return run("eval", dataset, *model, *argv, cwd=library, env=environment)

    evaluate.library = library
    return evaluate


def answer(body) -> str:
    """Right for even numbers, by the task alone."""
    number = int(body["messages"][1]["content"].split("What is ")[1].split()[0])
    return str(2 * number + 100 + number % 2)


def records(library: Path):
    (run_folder,) = library.glob(".memento/evals/*/run.json")
    return read(run_folder.parent)


@pytest.mark.real
def test_a_dataset_runs_against_the_library_and_its_controls_and_changes_nothing(evaluate):
    before = state_of(evaluate.library)
    with LoopbackServer(answer, api_key="sk-canary-123") as server:
        ran = evaluate("--workers", "3", "--json", server=server)
    assert ran.code == 0, ran.err
    report = ran.json()
    assert [(a["name"], a["first"]["solved"], a["first"]["tasks"]) for a in report["arms"]] == [
        ("library", 2, 4), ("no skills", 2, 4), ("starter", 2, 4),
    ]  # fmt: skip
    assert [(c["one"], c["other"], c["p"]) for c in report["comparisons"]] == [
        ("library", "no skills", 1.0), ("library", "starter", 1.0),
    ]  # fmt: skip
    assert [s["name"] for s in report["arms"][0]["levels"]] == ["1", "2"]
    assert list(report["left_out"]) == ["read-write"]
    assert "tasks.jsonl has no split 'train'" in report["left_out"]["read-write"]
    assert (report["simulated"], report["leaks"], report["unfinished"]) == (False, [], 0)
    identity, kept = records(evaluate.library)
    assert (identity.dataset, identity.model, identity.seed, len(identity.digest)) == (
        "tasks",
        "loopback",
        0,
        64,
    )
    assert {"act", "act_task", "act_tool"} <= set(identity.prompts)
    assert len({record.key for record in kept}) == len(kept) == 3 * TASKS
    assert state_of(evaluate.library) == before
    everything = b"".join(p.read_bytes() for p in evaluate.library.glob(".memento/evals/**/*") if p.is_file())
    assert b"sk-canary-123" not in everything


@pytest.mark.real
def test_a_run_that_is_cut_in_the_middle_asks_for_the_rest_only(evaluate):
    count = Counter()

    def counted(body) -> str:
        count["asked"] += 1
        return answer(body)

    faults = [None] * 2 + [Fault.status(401)]
    with LoopbackServer(counted, faults=faults) as server:
        cut = evaluate("--arm", "library", server=server)
    assert cut.code == 4
    assert "2 of 4 tasks have no result (auth: " in cut.err
    assert "The 2 results are kept; run the same command again for the rest." in cut.err
    assert "- Attempts without a result yet: 2." in cut.out
    count.clear()
    with LoopbackServer(counted) as server:
        rest = evaluate("--arm", "library", "--json", server=server)
    assert (rest.code, count["asked"]) == (0, 2)
    assert rest.json()["arms"][0]["first"]["solved"] == 2
    assert Counter(r.task for r in records(evaluate.library)[1]) == Counter(f"t{n}" for n in range(TASKS))


@pytest.mark.real
def test_the_gym_runs_with_the_simulated_model_and_against_an_endpoint(evaluate):
    gym = ("--families", "leg_counting,simple_equations", "--size", "2", "--arm", "library", "--json")
    ran = evaluate("--model", "simulated", *gym, dataset="gym")
    assert ran.code == 0, ran.err
    report = ran.json()
    assert (report["simulated"], report["identity"]["model"]) == (True, "SIMULATED (seed 0)")
    assert report["arms"][0]["first"]["tasks"] == 4
    with LoopbackServer(lambda body: "12") as server:
        real = evaluate(*gym, dataset="gym", server=server)
    assert (real.code, real.json()["simulated"]) == (0, False)


@pytest.mark.real
def test_retries_are_made_with_the_same_frozen_library_and_stand_apart(evaluate):
    asked = Counter()

    def second_time_right(body) -> str:
        text = body["messages"][1]["content"]
        asked[text] += 1
        number = int(text.split("What is ")[1].split()[0])
        return str(2 * number + 100) if asked[text] > 1 else "0"

    with LoopbackServer(second_time_right) as server:
        ran = evaluate("--arm", "library", "--rounds", "1", "--json", server=server)
    (arm,) = ran.json()["arms"]
    assert (arm["first"]["solved"], arm["after_retry"]["solved"]) == (0, TASKS)


@pytest.mark.real
def test_a_contaminated_library_is_named_with_its_tasks(evaluate):
    skill = evaluate.library / "skills/files/SKILL.md"
    skill.write_text(skill.read_text() + "\nWhat is 3 plus 3, exactly? It is 5104106.\n")
    git = ["git", "-c", "user.name=A", "-c", "user.email=a@b.c", "-C", evaluate.library]
    subprocess.run([*git, "commit", "-qam", "leak"], check=True)
    with LoopbackServer(answer) as server:
        ran = evaluate("--arm", "library", server=server)
    assert "CONTAMINATION: the text of t3 stands in files." in ran.out


@pytest.mark.real
def test_read_write_is_trained_on_train_and_never_changes_a_skill(evaluate):
    ran = evaluate(
        "--model",
        "simulated",
        "--arm",
        "read-write",
        "--arm",
        "starter",
        "--limit",
        "3",
        "--json",
        dataset="demo",
    )
    assert ran.code == 0, ran.err
    assert [a["name"] for a in ran.json()["arms"]] == ["starter", "read-write"]
    (trained,) = evaluate.library.glob(".memento/evals/*/read-write")
    learned = {episode.task.id for episode in Journal(path=trained / ".memento/journal.db").episodes()}
    assert len(learned) == 3, "each task of the split train, as far as the limit goes"
    assert not any(task.startswith("heldout") for task in learned)
    skills = sorted(path.name for path in (trained / "skills").iterdir())
    assert skills == ["files", "skill-creator", "terminal", "web-fetch", "web-search"]
    log = subprocess.run(
        ["git", "-C", trained, "log", "--format=%s"], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    assert all(line.startswith(("tips: ", "Make this repository")) for line in log)
    for name in skills:
        ours = (evaluate.library / "skills" / name / "SKILL.md").read_bytes()
        assert (trained / "skills" / name / "SKILL.md").read_bytes() == ours


@pytest.mark.real
def test_out_writes_words_values_other_formats_and_figures(evaluate, tmp_path):
    with LoopbackServer(answer) as server:
        ran = evaluate("--arm", "library", "--limit", "4", "--out", tmp_path / "out", server=server)
    assert ran.code == 0, ran.err
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert {"report.md", "report.json", "junit.xml", "ctrf.json"} <= names
    assert {f"curve-{look}.{kind}" for look in ("light", "dark") for kind in ("png", "svg")} <= names
    assert (tmp_path / "out/report.md").read_text() == ran.out


@pytest.mark.parametrize(
    ("argv", "code", "words"),
    [
        (("gaia", "--model", "simulated", "--data", "nowhere"), 2, "nowhere does not exist. Give a local"),
        (("gym", "--model", "simulated", "--split", "dev"), 2, "gym has no split 'dev'; it has train, gate"),
        (("chess", "--model", "simulated"), 2, "chess is neither a dataset (demo, gaia, gym, hle)"),
        (("demo",), 4, "no model is set"),
        (("demo", "--model", "simulated", "--at", "nonsense"), 2, "'nonsense' names no commit"),
    ],
)  # fmt: skip
def test_what_cannot_be_evaluated_is_said_in_a_sentence(evaluate, argv, code, words):
    ran = evaluate(*argv[1:], dataset=argv[0], OPENAI_API_KEY="")
    assert (ran.code, words in ran.err, "Traceback" in ran.err) == (code, True, False), ran.err


def test_the_help_of_each_measurement_has_examples(tmp_path):
    for name in ("run", "routing"):
        ran = run("eval", name, "--help", cwd=tmp_path, env=scrubbed(tmp_path))
        assert (ran.code, "Examples:" in ran.out) == (0, True), name


def test_routing_prints_its_measures(tmp_path):
    def memento(*argv):
        return run(*argv, cwd=tmp_path, env=scrubbed(tmp_path))

    (tmp_path / "corpus.jsonl").write_text('{"id": "a", "description": "Bakes bread."}\n')
    (tmp_path / "queries.jsonl").write_text('{"id": "q", "text": "bakes bread", "relevant": ["a"]}\n')
    ran = memento("eval", "routing", tmp_path, "--embedder", "words", "--json")
    assert (ran.code, ran.json()["recall"]) == (0, {"1": 1.0, "5": 1.0, "10": 1.0})
    assert "recall@10" in memento("eval", "routing", tmp_path, "--embedder", "words").out
