"""What the past teaches, and that it starves nobody."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pytest

from memento.errors import ConfigError, ModelError, UsageError
from memento.protocols import ToolSpec
from memento.route import TantivyRouter
from memento.route.doctor import Overlap, Shadow, examine
from memento.route.memory import Past, Recalled, remember
from memento.route.tools import offered, toolset
from memento.route.train import Case, train
from memento.route.vectors import VectorCache, key_of, skill_vectors
from memento.route.weights import DEFAULT, Cold, Warm, Weights, dump, load
from memento.types import Skill


@dataclass
class Bag:
    """Unit vectors of words, hashed by their letters: the same word is the same direction."""

    name: str = "bag"
    width: int = 64
    asked: int = 0

    def embed(self, texts: Sequence[str]):
        self.asked += len(texts)
        rows = np.full((len(texts), self.width), 0.01, dtype=np.float32)
        for n, text in enumerate(texts):
            for word in text.lower().replace(".", "").split():
                rows[n, sum(ord(c) * (i + 1) for i, c in enumerate(word)) % self.width] += 1
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def told(*past: Past):
    return lambda: past


# ---------------------------------------------------------------- memory


def test_a_request_that_a_skill_solved_finds_it_again_though_no_word_is_shared(workshop):
    text = "ferment rye overnight"
    past = told(Past(text, "bread-baking"))
    assert TantivyRouter(embedder=Bag(), threshold=0.2).route(text, workshop).ranked[0][0] != "bread-baking"
    route = TantivyRouter(embedder=Bag(), threshold=0.2, history=past).route(text, workshop)
    assert (route.skill, route.ranked[0][0]) == ("bread-baking", "bread-baking")


def test_a_request_that_a_skill_was_wrongly_given_is_not_given_to_it_again(make_library):
    library = make_library(("aa", "Bake bread.", ""), ("bb", "Bake bread.", ""))
    routed = TantivyRouter(embedder=Bag()).route("bake bread", library).ranked[0][0]
    past = told(Past("bake bread", "aa", solved=False))
    assert (
        routed,
        TantivyRouter(embedder=Bag(), history=past).route("bake bread", library).ranked[0][0],
    ) == (
        "aa",
        "bb",
    )


def test_the_past_of_one_skill_takes_nothing_from_a_new_one_but_repetitions(workshop):
    past = told(*(Past(f"ferment rye number{n}", "bread-baking") for n in range(50)))
    for text in ("explain a chess opening", "predict high water at a harbour"):
        plain = TantivyRouter(embedder=Bag()).route(text, workshop)
        assert TantivyRouter(embedder=Bag(), history=past).route(text, workshop).ranked[0] == plain.ranked[0]


def test_a_past_of_skills_that_are_gone_is_harmless(workshop):
    past = told(Past("bake loaves", "gone"), Past("bake loaves", "also-gone", solved=False))
    plain = TantivyRouter(embedder=Bag()).route("bake loaves", workshop)
    assert TantivyRouter(embedder=Bag(), history=past).route("bake loaves", workshop) == plain


def test_the_memory_of_a_request_is_what_it_says_it_is():
    memory = remember([Past("a b", "x"), Past("a c", "x"), Past("q", "y", solved=False)], Bag().embed)
    q = Bag().embed(["a b"])[0]
    one, both = Bag().embed(["a c"])[0], Bag().embed(["a b", "a c"])
    mean = both.mean(axis=0) / np.linalg.norm(both.mean(axis=0))
    found = memory.recall(q)
    assert set(found) == {"x", "y"}
    assert found["x"] == pytest.approx((1.0, float(q @ mean), np.log(3), 0.0), abs=1e-5)
    alone = memory.recall(q, without=0)["x"]
    assert alone == pytest.approx((float(q @ one), float(q @ one), np.log(2), 0.0), abs=1e-5)


def test_a_request_left_out_of_a_memory_of_one_leaves_no_memory():
    memory = remember([Past("a b", "x")], Bag().embed)
    assert memory.recall(Bag().embed(["a b"])[0], without=0) == {}


# ---------------------------------------------------------------- weights


def test_weights_survive_their_file():
    weights = Weights(cold=Cold(cosine=2), warm=Warm(count=0.25), embedder="e", trained_on=40, hit1=0.5)
    assert load(dump(weights)) == weights


@pytest.mark.parametrize("text", ["", "[]", "{}", dump(DEFAULT).replace("kernel", "x"), '{"format": 2}'])
def test_a_broken_weights_file_names_the_way_out(text):
    with pytest.raises(ConfigError, match="memento route train"):
        load(text)


def test_a_skill_without_history_is_scored_by_the_cold_weights_alone():
    weights = Weights(cold=Cold(cosine=2, bm25=0), warm=Warm(seen=9))
    seen = Recalled(nearest=0.0, prototype=0.0, seen=0.7, wrong=0.0)
    assert weights.parts(0.5, 75.0, None) == {"cosine": 1.0, "bm25": 0.0}
    assert weights.parts(0.5, 75.0, seen)["seen"] == 9


def rows(count: int, *, honest: bool) -> list[list[Case]]:
    """Requests where the past tells the right skill (or, when not honest, nothing does)."""
    draw = np.random.default_rng(1)
    found = []
    for n in range(count):
        right = n % 5
        found.append(
            [
                Case(
                    skill=f"s{k}",
                    cosine=float(draw.random()) * 0.3,
                    bm25=1.0,
                    recalled=Recalled(0.9 if honest and k == right else 0.1, 0.5, 1.0, 0.0),
                    right=k == right,
                )
                for k in range(5)
            ]
        )
    return found


def test_training_finds_what_tells_the_right_skill_and_says_by_how_much():
    blind = Weights(warm=Warm(kernel=0.0))
    trained = train(rows(80, honest=True), blind, embedder="e")
    assert (trained.kept_old, trained.weights.embedder, trained.weights.trained_on) == (False, "e", 80)
    assert trained.after_warm > 0.95 > 0.6 > trained.before_warm


def test_weights_that_do_no_better_are_not_taken():
    trained = train(rows(80, honest=False), DEFAULT, embedder="e")
    assert (trained.kept_old, trained.weights) == (True, DEFAULT)


def test_too_little_past_teaches_nothing_and_says_so():
    with pytest.raises(UsageError, match="29 past requests are too few"):
        train(rows(29, honest=True), DEFAULT, embedder="e")


def test_training_is_the_same_twice():
    assert train(rows(60, honest=True), DEFAULT, embedder="e") == train(
        rows(60, honest=True), DEFAULT, embedder="e"
    )


def test_a_request_is_held_against_a_memory_without_itself(workshop):
    past = told(*(Past(f"ferment rye number{n}", "bread-baking") for n in range(3)))
    cases = TantivyRouter(embedder=Bag(), history=past).cases(workshop)
    nearest = [c.recalled.nearest for row in cases for c in row if c.recalled and c.right]
    assert (len(cases), len(nearest), max(nearest) < 0.99) == (3, 3, True)


def test_learning_without_vectors_is_refused(workshop):
    with pytest.raises(UsageError, match="embedder"):
        TantivyRouter(history=told(Past("x", "bread-baking"))).cases(workshop)


# ---------------------------------------------------------------- vectors


SKILLS = [Skill(name=f"s{n}", description=f"About topic{n}.", body="") for n in range(3)]


def test_a_text_is_embedded_once_and_kept_between_processes(tmp_path):
    cache, bag = VectorCache(path=tmp_path / "v.db"), Bag()
    first = skill_vectors(SKILLS, bag, cache)
    assert bag.asked == 6
    assert np.array_equal(skill_vectors(SKILLS, bag, VectorCache(path=tmp_path / "v.db")), first)
    assert bag.asked == 6
    skill_vectors([*SKILLS, Skill(name="new", description="New.", body="")], bag, cache)
    assert bag.asked == 8


def test_an_embedder_of_another_dimension_than_the_cache_starts_it_anew(tmp_path, make_library):
    library = make_library(*((s.name, s.description, "") for s in SKILLS))
    TantivyRouter(embedder=Bag(), folder=tmp_path).route("topic1", library)
    route = TantivyRouter(embedder=Bag(width=32), folder=tmp_path).route("topic1", library)
    assert (route.ranked[0][0], route.degraded) == ("s1", None)
    mixed = skill_vectors(
        [*SKILLS, Skill(name="n", description="N.", body="")],
        Bag(),
        VectorCache(path=tmp_path / "vectors.db"),
    )
    assert mixed.shape == (4, 64)
    keys = [key_of(f"{skill.name}\0{skill.description}") for skill in SKILLS]
    assert VectorCache(path=tmp_path / "vectors.db").read("bag", keys) == {}


def test_a_damaged_cache_costs_time_and_nothing_else(tmp_path):
    (tmp_path / "v.db").write_bytes(b"this is no database, it only looks like a file" * 100)
    cache = VectorCache(path=tmp_path / "v.db")
    vectors = skill_vectors(SKILLS, Bag(), cache)
    assert np.array_equal(vectors, skill_vectors(SKILLS, Bag(), None))


@dataclass
class Broken(Bag):
    """Answers nonsense."""

    def embed(self, texts: Sequence[str]):
        return np.full((len(texts), 4), np.nan, dtype=np.float32)


def test_vectors_that_are_no_numbers_degrade_the_route(workshop):
    plain = TantivyRouter().route("bake loaves", workshop)
    route = TantivyRouter(embedder=Broken()).route("bake loaves", workshop)
    assert (route.skill, route.ranked) == (plain.skill, plain.ranked)
    assert route.degraded is not None
    assert "words alone decided" in route.degraded


# ---------------------------------------------------------------- many, doctor, tools


def test_many_requests_are_routed_as_one_by_one(workshop):
    texts = ["bake loaves", "", "chess opening", "😀"]
    for router in (TantivyRouter(), TantivyRouter(embedder=Bag())):
        assert list(router.route_many(texts, workshop)) == [router.route(t, workshop) for t in texts]
    assert list(TantivyRouter().route_many([], workshop)) == []


def test_the_doctor_names_the_shadowed_the_unreachable_and_the_twins(make_library):
    library = make_library(
        ("aa", "Bake bread and cakes.", "Knead."),
        ("bb", "Bake bread and cakes.", "Knead."),
        ("cc", "Explain chess openings.", ""),
        ("dd", "", ""),
    )
    health = examine(TantivyRouter(embedder=Bag(), threshold=0.2), library)
    assert health.skills == 4
    assert health.shadowed == (Shadow(skill="bb", by="aa", rank=2),)
    assert [s.skill for s in health.unreachable] == ["dd"]
    assert [(o.first, o.second) for o in health.overlaps] == [("aa", "bb")]
    assert isinstance(health.overlaps[0], Overlap)


def test_tools_are_found_as_skills_are_and_some_are_always_offered():
    specs = [
        ToolSpec(name="read_file", description="Read a file.", parameters={"properties": {"path": {}}}),
        ToolSpec(name="web_search", description="Search the web.", parameters={}),
        ToolSpec(name="terminal", description="Run a command in a shell.", parameters={}),
    ]
    tools, router = toolset(specs), TantivyRouter(embedder=Bag())
    assert list(offered(router, tools, "search the web for bread", k=1)) == ["web_search"]
    assert list(offered(router, tools, "search the web", k=2, always=("terminal",))) == [
        "terminal",
        "web_search",
    ]
    assert list(offered(router, tools, "", k=9)) == ["read_file", "terminal", "web_search"]


def test_an_embedder_that_dies_between_requests_and_comes_back(workshop):
    @dataclass
    class Moody(Bag):
        down: bool = False

        def embed(self, texts: Sequence[str]):
            if self.down:
                raise ModelError("connection refused", kind="connection")
            return super().embed(texts)

    moody = Moody()
    router = TantivyRouter(embedder=moody, history=told(Past("bake loaves", "bread-baking")))
    first = router.route("bake loaves", workshop)
    moody.down = True
    assert router.route("bake loaves", workshop).degraded is not None
    moody.down = False
    assert router.route("bake loaves", workshop) == first
