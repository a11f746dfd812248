"""The measures by hand, and the real router over small sets of every form."""

import json
import math

import pytest

from memento.errors import UsageError
from memento.evals.routing import load, measure, ndcg, recall, reciprocal_rank
from memento.route import TantivyRouter

FOUND = ["a", "b", "c", "d"]


@pytest.mark.parametrize(
    ("relevant", "at_1", "at_5", "rr", "gain"),
    [
        ({"a"}, 1.0, 1.0, 1.0, 1.0),
        ({"b"}, 0.0, 1.0, 0.5, 1 / math.log2(3)),
        ({"a", "d"}, 0.5, 1.0, 1.0, (1 + 1 / math.log2(5)) / (1 + 1 / math.log2(3))),
        ({"a", "x"}, 0.5, 0.5, 1.0, 1 / (1 + 1 / math.log2(3))),
        ({"x"}, 0.0, 0.0, 0.0, 0.0),
    ],
)
def test_the_measures_are_what_their_formulas_say(relevant, at_1, at_5, rr, gain):
    relevant = frozenset(relevant)
    assert (recall(FOUND, relevant, 1), recall(FOUND, relevant, 5)) == (at_1, at_5)
    assert reciprocal_rank(FOUND, relevant) == rr
    assert ndcg(FOUND, relevant, 10) == pytest.approx(gain)


def test_the_best_order_of_many_has_full_gain_within_the_first_k():
    assert ndcg(FOUND, frozenset("abcdefgh"), 4) == pytest.approx(1.0)


CORPUS = [
    {"id": "bread", "name": "bread", "description": "Bakes bread from flour.", "body": "Knead the dough."},
    {"id": "boats", "name": "boats", "description": "Repairs wooden boats.", "body": "Caulk the hull."},
    {"id": "bees", "name": "bees", "description": "Keeps bees for honey.", "body": "Smoke the hive."},
]
QUERIES = [
    {"id": "q1", "text": "knead dough from flour", "relevant": ["bread"], "split": "test"},
    {"id": "q2", "text": "repair a wooden hull", "relevant": ["boats"], "split": "test"},
    {"id": "q3", "text": "honey from the hive", "relevant": ["bees"], "split": "train"},
    {"id": "q4", "text": "pay the taxes", "relevant": [], "split": "test"},
]


def write(folder, corpus=CORPUS, queries=QUERIES):
    folder.mkdir(exist_ok=True)
    for name, rows in (("corpus", corpus), ("queries", queries)):
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


def measured(folder, split=None):
    return measure(load(folder, split), TantivyRouter(threshold=0.0), name="x")


def test_a_set_goes_through_the_real_router(tmp_path):
    report = measured(write(tmp_path / "set"))
    assert (report.documents, report.requests, report.without_relevant) == (3, 3, 1)
    assert (report.recall, report.mrr, report.ndcg) == ({"1": 1.0, "5": 1.0, "10": 1.0}, 1.0, 1.0)
    assert measured(write(tmp_path / "set"), "test").requests == 2
    wrong = [{**query, "relevant": ["bees"]} for query in QUERIES[:2]]
    assert measured(write(tmp_path / "set", queries=wrong)).recall["1"] == 0.0


def test_beirs_form_with_relevance_apart_is_the_same_set(tmp_path):
    corpus = [{"_id": r["id"], "title": r["name"], "text": f"{r['description']} {r['body']}"} for r in CORPUS]
    queries = [{"_id": q["id"], "text": q["text"]} for q in QUERIES]
    folder = write(tmp_path / "beir", corpus, queries)
    (folder / "qrels").mkdir()
    (folder / "qrels/test.tsv").write_text(
        "query-id\tcorpus-id\tscore\nq1\tbread\t1\nq2\tboats\t2\nq2\tbees\t0\n"
    )
    report = measured(folder, "test")
    assert (report.requests, report.recall["1"]) == (2, 1.0)


@pytest.mark.parametrize(
    ("queries", "complaint"),
    [
        ([{"id": "q", "text": "x", "relevant": ["nobody"]}], "The query q names 'nobody', which is not in"),
        ([{"id": "q", "text": "x"}], "has no query with anything relevant"),
        ([{"id": "q"}], "queries.jsonl, row 1: text: field required"),
    ],
)
def test_a_set_that_cannot_be_measured_says_why(tmp_path, queries, complaint):
    with pytest.raises(UsageError) as error:
        load(write(tmp_path / "set", queries=queries))
    assert complaint in str(error.value)
    with pytest.raises(UsageError, match=r"has no corpus.jsonl"):
        load(tmp_path / "nothing")
