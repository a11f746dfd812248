"""Datasets from small files in the very format that the sets come in; every way they can be wrong."""

import base64
import json
from pathlib import Path

import pyarrow
import pytest
from pyarrow import parquet

from memento.errors import UsageError
from memento.evals.datasets import gaia, gym, hle, own
from memento.evals.datasets.hub import Hub
from memento.evals.datasets.items import ByGaia, ByGold, ByGym, ByHle, cut
from memento.evals.datasets.load import Wanted, load
from memento.types import Gold, Scorer


def jsonl(path: Path, rows) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


def gaia_row(number: int, **more):
    return {
        "task_id": f"task-{number:03}",
        "Question": f"Question {number}?",
        "Level": 1 + number % 3,
        "Final answer": str(number),
        "file_name": "",
        "Annotator Metadata": {"Steps": "1. Think."},
    } | more


def gaia_copy(root: Path, rows=None, attachments=("t.csv",)) -> Path:
    rows = rows or [gaia_row(n) for n in range(29)] + [gaia_row(29, file_name="t.csv")]
    jsonl(root / "2023/validation/metadata.jsonl", rows)
    for name in attachments:
        (root / "2023/validation" / name).write_bytes(b"a,b\n")
    return root


# ---------------------------------------------------------------- GAIA


def test_gaia_is_read_with_levels_answers_and_attachments(tmp_path):
    dataset = gaia.load(gaia_copy(tmp_path), "validation")
    item = dataset.items[29]
    assert len(dataset.items) == 30
    assert (item.id, item.level, item.scored) == ("task-029", "level 3", ByGaia())
    assert item.exercise.task.text == f"Question 29?\n\n{gaia.FORM}"
    assert dict(item.exercise.task.files) == {"t.csv": b"a,b\n"}
    assert item.exercise.gold == Gold(answer="29")


def test_gaia_as_parquet_whole_or_by_level_is_the_same_set(tmp_path):
    rows = [gaia_row(n, Level=str(1 + n % 3)) for n in range(9)]
    whole, levels = tmp_path / "a/2023/validation", tmp_path / "b/2023/validation"
    for folder in (whole, levels):
        folder.mkdir(parents=True)
    parquet.write_table(pyarrow.Table.from_pylist(rows), whole / "metadata.parquet")
    for level in "123":
        part = [row for row in rows if row["Level"] == level]
        parquet.write_table(pyarrow.Table.from_pylist(part), levels / f"metadata.level{level}.parquet")
    one, other = gaia.load(tmp_path / "a", "validation"), gaia.load(tmp_path / "b", "validation")
    assert {item.id: item for item in one.items} == {item.id: item for item in other.items}
    assert len(one.items) == 9


def test_gaias_train_and_test_part_the_answered_tasks_level_by_level(tmp_path):
    copy = gaia_copy(tmp_path)
    parts = {name: gaia.load(copy, name) for name in ("train", "test", "validation")}
    train, test = ({item.id for item in parts[name].items} for name in ("train", "test"))
    assert train | test == {item.id for item in parts["validation"].items}
    assert not train & test
    for level in ("level 1", "level 2", "level 3"):
        assert sum(item.level == level for item in parts["train"].items) == 6
        assert sum(item.level == level for item in parts["test"].items) == 4


def test_165_tasks_of_gaias_levels_are_cut_into_100_and_65(tmp_path):
    rows = [gaia_row(n, Level=1 if n < 53 else 2 if n < 139 else 3) for n in range(165)]
    copy = gaia_copy(tmp_path, rows)
    assert [len(gaia.load(copy, name).items) for name in ("train", "test")] == [100, 65]


def test_the_hidden_tasks_have_no_answer_and_the_others_need_one(tmp_path):
    copy = gaia_copy(tmp_path)
    jsonl(copy / "2023/test/metadata.jsonl", [gaia_row(n, **{"Final answer": "?"}) for n in range(3)])
    assert [item.exercise.gold for item in gaia.load(copy, "hidden").items] == [None] * 3
    jsonl(copy / "2023/validation/metadata.jsonl", [gaia_row(1, **{"Final answer": "?"})])
    with pytest.raises(UsageError, match="task-001 has no answer"):
        gaia.load(copy, "validation")


def test_an_attachment_that_is_missing_or_lies_elsewhere_is_named(tmp_path):
    copy = gaia_copy(tmp_path, attachments=())
    with pytest.raises(UsageError, match=r"task-029 needs the file 't.csv', which is not in"):
        gaia.load(copy, "validation")
    (tmp_path / "secret").write_text("x")
    escaping = gaia_copy(tmp_path, [gaia_row(1, file_name="../../secret")])
    with pytest.raises(UsageError, match="which is not in"):
        gaia.load(escaping, "validation")


def test_a_wrong_split_and_a_folder_without_the_table_say_what_there_is(tmp_path):
    with pytest.raises(UsageError, match=r"gaia has no split 'dev'; it has train, test, validation, hidden"):
        gaia.load(gaia_copy(tmp_path), "dev")
    with pytest.raises(UsageError, match=r"holds no GAIA table: 2023/validation/metadata.jsonl"):
        gaia.load(tmp_path / "nowhere", "validation")


# ---------------------------------------------------------------- HLE

PIXEL = "data:image/png;base64," + base64.b64encode(b"\x89PNG").decode()


def hle_row(number: int, **more):
    return {
        "id": f"hle-{number:03}",
        "question": f"Question {number}?",
        "image": "",
        "answer": "B",
        "answer_type": "multipleChoice" if number % 2 else "exactMatch",
        "category": "Math" if number % 2 else "Physics",
        "rationale": "Because.",
        "canary": "never in training data",
    } | more


def test_hle_is_read_as_jsonl_json_and_parquet_and_is_the_same_set(tmp_path):
    rows = [hle_row(n) for n in range(10)]
    jsonl(tmp_path / "a.jsonl", rows)
    (tmp_path / "b.json").write_text(json.dumps(rows))
    (tmp_path / "c/data").mkdir(parents=True)
    parquet.write_table(pyarrow.Table.from_pylist(rows), tmp_path / "c/data/test-00000-of-00001.parquet")
    one, two, three = (hle.load(tmp_path / name, "all") for name in ("a.jsonl", "b.json", "c"))
    assert one == two == three
    item = one.items[1]
    assert (item.level, item.subject, item.scored) == ("multipleChoice", "Math", ByHle())
    assert "the letter of the right choice" in item.exercise.task.text
    assert "Because" not in item.exercise.task.text
    assert item.exercise.gold == Gold(answer="B")


def test_questions_with_an_image_are_left_out_unless_asked_for(tmp_path):
    table = jsonl(tmp_path / "hle.jsonl", [hle_row(0), hle_row(1, image=PIXEL)])
    assert [item.id for item in hle.load(table, "all").items] == ["hle-000"]
    both = hle.load(table, "all", images=True).items
    assert [dict(item.exercise.task.files) for item in both] == [{}, {"image.png": b"\x89PNG"}]


def test_an_image_or_a_kind_of_answer_that_hle_does_not_have_is_named(tmp_path):
    table = jsonl(tmp_path / "hle.jsonl", [hle_row(0, image="http://example.org/x.png")])
    with pytest.raises(UsageError, match="hle-000 has an image that is no data URI"):
        hle.load(table, "all", images=True)
    jsonl(table, [hle_row(0), hle_row(1, answer_type="essay")])
    with pytest.raises(UsageError, match=r"hle.jsonl, row 2: answer_type"):
        hle.load(table, "all")


# ---------------------------------------------------------------- one's own


def test_a_jsonl_of_ones_own_has_files_scorers_and_splits(tmp_path):
    (tmp_path / "a.csv").write_bytes(b"1\n")
    rows = [
        {"id": "t1", "text": "Add.", "files": ["a.csv"], "answer": "1", "scorer": "numeric", "split": "test"},
        {"id": "t2", "text": "List.", "answer": "a, b", "scorer": "gaia", "split": "test", "level": "2"},
        {"id": "t3", "text": "Tell.", "split": "train", "subject": "prose"},
    ]
    path = jsonl(tmp_path / "mine.jsonl", rows)
    one, two = own.load(path, "test").items
    assert (one.exercise.gold, one.scored) == (Gold(answer="1", scorer=Scorer.NUMERIC), ByGold())
    assert dict(one.exercise.task.files) == {"a.csv": b"1\n"}
    assert (two.level, two.scored) == ("2", ByGaia())
    assert own.load(path, "train").items[0].exercise.gold is None
    with pytest.raises(UsageError, match=r"mine.jsonl has no split 'all'; it has test, train"):
        own.load(path, "all")


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ('{"id": "t", "text": "x", "file": "a"}', "row 2: file: extra inputs are not permitted"),
        ('{"id": "t"}', "row 2: text: field required"),
        ("{", "row 2: not JSON"),
        ('{"id": "t", "text": "x", "files": ["../secret"]}', "needs the file '../secret', which is not in"),
        ('{"id": "t", "text": "x", "files": ["none"]}', "needs the file 'none', which is not in"),
        ('{"id": "t0", "text": "x"}', "two tasks with the id 't0'"),
        ('{"id": "t", "text": "x", "split": "test"}', "some tasks name a split and some do not"),
    ],
)
def test_a_line_that_cannot_be_used_is_named_with_the_reason(line, complaint, tmp_path):
    (tmp_path / "secret").write_text("x")
    path = tmp_path / "set/mine.jsonl"
    path.parent.mkdir()
    path.write_text(f'{{"id": "t0", "text": "first"}}\n{line}\n')
    with pytest.raises(UsageError) as error:
        own.load(path, "all")
    assert complaint in str(error.value)


def test_a_line_separator_inside_a_text_ends_no_line(tmp_path):
    path = tmp_path / "mine.jsonl"
    path.write_text('{"id": "t", "text": "one\u2028two"}\n', "utf-8")
    assert own.load(path, "all").items[0].exercise.task.text == "one\u2028two"


# ---------------------------------------------------------------- the gym


def test_the_gym_is_the_same_for_the_same_seed_and_scored_by_its_own_scorer():
    one, two, other = (gym.load("test", seed=s, size=3, families=["leg_counting"]) for s in (4, 4, 5))
    assert one == two
    assert one.digest != other.digest
    item = one.items[0]
    assert isinstance(item.scored, ByGym)
    assert item.subject == "arithmetic"
    assert gym.score(item.scored, item.exercise.gold.answer) == 1.0
    assert gym.score(item.scored, "no idea") < 1.0


@pytest.mark.parametrize("family", ["coin_flip", "leg_counting", "list_functions", "simple_geometry"])
def test_train_gate_and_test_of_the_gym_share_no_question(family):
    streams = [gym.load(name, seed=1, size=60, families=[family]) for name in ("train", "gate", "test")]
    texts = [{item.exercise.task.text for item in stream.items} for stream in streams]
    assert not texts[0] & texts[1]
    assert not texts[0] & texts[2]
    assert not texts[1] & texts[2]
    if family in ("leg_counting", "list_functions"):
        assert {len(found) for found in texts} == {60}, "the seeds lie apart, so nothing had to be left out"
    ids = [item.id for stream in streams for item in stream.items]
    assert len(ids) == len(set(ids))


def test_a_family_that_evaluates_answers_as_code_is_refused():
    for family in ("countdown", "puzzle24", "simple_integration", "polynomial_multiplication"):
        with pytest.raises(UsageError, match="evaluates answers as code"):
            gym.load("test", seed=0, size=1, families=[family])
    assert not {"countdown", "composite"} & set(gym.families())
    assert set(gym.DEFAULT_FAMILIES) <= set(gym.families())


def test_an_unknown_family_and_a_wrong_split_are_named():
    with pytest.raises(UsageError, match="no family 'chess'"):
        gym.load("test", seed=0, size=1, families=["chess"])
    with pytest.raises(UsageError, match=r"gym has no split 'dev'; it has train, gate, test"):
        gym.load("dev", seed=0)


# ---------------------------------------------------------------- what all have in common


def test_which_split_a_task_is_in_depends_on_its_id_alone(tmp_path):
    rows = [{"id": f"t{n}", "text": f"Task {n}"} for n in range(20)]
    forward = own.load(jsonl(tmp_path / "a.jsonl", rows), "train")
    backward = own.load(jsonl(tmp_path / "b.jsonl", reversed(rows)), "train")
    assert {item.id for item in forward.items} == {item.id for item in backward.items}
    assert len(forward.items) == 12
    everything = own.load(tmp_path / "a.jsonl", "all").items
    assert cut(everything, "train", lambda item: item.subject) == forward.items


def test_the_digest_changes_with_every_thing_that_decides_a_result(tmp_path):
    (tmp_path / "f").write_text("1")
    row = {"id": "t", "text": "x", "files": ["f"], "answer": "1", "level": "1", "subject": "s"}
    digests = set()
    for change in ({}, {"id": "u"}, {"text": "y"}, {"files": []}, {"answer": "2"}, {"scorer": "numeric"},
                   {"scorer": "gaia"}, {"level": "2"}, {"subject": "r"}, {"tolerance": 0.1}):  # fmt: skip
        digests.add(own.load(jsonl(tmp_path / "a.jsonl", [row | change]), "all").digest)
    (tmp_path / "f").write_text("2")
    digests.add(own.load(jsonl(tmp_path / "a.jsonl", [row]), "all").digest)
    assert len(digests) == 11


def test_a_limit_takes_tasks_from_everywhere_and_the_same_ones_each_time():
    whole = load(Wanted(name="demo"), Hub(token=None), Path("/nonexistent"))
    part = whole.limited(6)
    assert [item.id for item in part.items] == [item.id for item in whole.items if item in part.items]
    assert len({item.subject for item in part.items}) >= 3
    assert {item.id for item in whole.limited(5).items} < {item.id for item in part.items}
    assert part.digest != whole.digest


def test_a_name_that_is_no_dataset_says_which_there_are(tmp_path):
    with pytest.raises(UsageError, match=r"neither a dataset \(demo, gaia, gym, hle\), nor a JSONL file"):
        load(Wanted(name=str(tmp_path / "nothing")), Hub(token=None), tmp_path)
    with pytest.raises(UsageError, match=r"does not exist. Give a local copy of gaia as --data"):
        load(Wanted(name="gaia", data=tmp_path / "nothing"), Hub(token=None), tmp_path)
