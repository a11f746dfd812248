"""What the past teaches, and that it starves nobody."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pytest

from memento.errors import ConfigError, ModelError, UsageError
from memento.protocols import ToolSpec
from memento.route import TantivyRouter
from memento.route.doctor import Overlap, Shadow, examine
from memento.route.index import build
from memento.route.lessons import BALANCE, SHARES, Lessons
from memento.route.memory import remember
from memento.route.past import Past, Recalled
from memento.route.tools import offered, rank, toolset
from memento.route.train import Trained, fit, fit_sure, hits, train
from memento.route.vectors import VectorCache, centred, skill_key
from memento.route.vectors import skill_vectors as vectors_of
from memento.route.weights import BM25_UNIT, DEFAULT, Score, Sure, Weights, dump, fitting, load
from memento.route.weights import PAST as PAST_FEATURES
from memento.route.words import query_terms
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
    past = told(Past(text, "bread-baking"), Past("hoist the sails", "tide-tables"))
    assert TantivyRouter(embedder=Bag(), threshold=0.2).route(text, workshop).ranked[0][0] != "bread-baking"
    route = TantivyRouter(embedder=Bag(), threshold=0.2, history=past).route(text, workshop)
    assert (route.skill, route.ranked[0][0]) == ("bread-baking", "bread-baking")


def test_a_request_that_a_skill_was_wrongly_given_is_not_given_to_it_again(make_library):
    library = make_library(("aa", "Bake bread.", ""), ("bb", "Bake bread.", ""))
    routed = TantivyRouter(embedder=Bag()).route("bake bread", library).ranked[0][0]
    past = told(Past("bake bread", "aa", solved=False))
    again = TantivyRouter(embedder=Bag(), history=past).route("bake bread", library).ranked[0][0]
    assert (routed, again) == ("aa", "bb")


def test_the_past_of_one_skill_takes_no_request_from_a_new_one(workshop):
    past = told(*(Past(f"ferment rye number{n}", "bread-baking") for n in range(50)))
    for text in ("explain a chess opening", "predict high water at a harbour"):
        plain = TantivyRouter(embedder=Bag()).route(text, workshop)
        assert TantivyRouter(embedder=Bag(), history=past).route(text, workshop).ranked[0] == plain.ranked[0]


def test_a_past_of_skills_that_are_gone_routes_nothing_elsewhere(workshop):
    past = told(Past("bake loaves", "gone"), Past("bake loaves", "also-gone", solved=False))
    plain = TantivyRouter(embedder=Bag()).route("bake loaves", workshop)
    assert TantivyRouter(embedder=Bag(), history=past).route("bake loaves", workshop) == plain


PAST = [Past("a b", "x"), Past("a c", "x"), Past("d e", "z"), Past("q", "y", solved=False)]


def test_the_memory_of_a_request_is_what_it_says_it_is():
    bag = Bag()
    memory = remember(PAST, bag.embed)
    q, (ab, ac, de) = bag.embed(["a b f"]), bag.embed(["a b", "a c", "d e"])
    mean = (ab + ac) / np.linalg.norm(ab + ac)
    near = [float(q[0] @ v) for v in (ab, ac, de)]
    weight = np.exp((np.array(near) - max(near)) / 0.06)
    found = memory.recall(q).of(0, "x")
    assert found == pytest.approx(
        (
            near[0] - memory.usual.nearest,
            float(q[0] @ mean) - memory.usual.prototype,
            (weight[0] + weight[1]) / weight.sum(),
            near[0] - memory.usual.nearest,
            np.log(3),
            0.0,
        ),
        abs=1e-5,
    )
    assert memory.recall(q).of(0, "y") is None
    assert memory.recall(bag.embed(["q"])).of(0, "y") == Recalled(wrong=pytest.approx(1.0, abs=1e-5))


def test_the_usual_is_what_a_request_sees_of_the_best_skill_that_is_wrong_for_it():
    bag = Bag()
    ab, ac, de = bag.embed(["a b", "a c", "d e"])
    x = (ab + ac) / np.linalg.norm(ab + ac)
    usual = remember(PAST, bag.embed).usual
    assert usual.nearest == pytest.approx(np.mean([ab @ de, ac @ de, max(ab @ de, ac @ de)]), abs=1e-5)
    assert usual.prototype == pytest.approx(np.mean([ab @ de, ac @ de, x @ de]), abs=1e-5)


def test_a_request_left_out_of_the_memory_is_as_if_it_had_not_been_seen():
    bag = Bag()
    whole, less = remember(PAST, bag.embed), remember(PAST[1:], bag.embed)
    q = bag.embed(["a b"])
    out, never = whole.recall(q, without=[0]), less.recall(q)
    usual = whole.usual, less.usual
    a, b = out.of(0, "x"), never.of(0, "x")
    assert a is not None
    assert b is not None
    assert a.nearest + usual[0].nearest == pytest.approx(b.nearest + usual[1].nearest, abs=1e-5)
    assert a.prototype + usual[0].prototype == pytest.approx(b.prototype + usual[1].prototype, abs=1e-5)
    assert (a.share, a.seen) == pytest.approx((b.share, b.seen), abs=1e-5)
    assert remember(PAST[:1], bag.embed).recall(q, without=[0]).of(0, "x") is None


def test_a_memory_without_a_skill_is_as_if_it_had_solved_nothing():
    bag = Bag()
    memory = remember([*PAST, Past("a b", "z")], bag.embed).without({"x"})
    q = bag.embed(["a b"])
    recall = memory.recall(q)
    assert recall.of(0, "x") is None
    assert recall.of(0, "z") == pytest.approx([*recall.table(0, ["x", "z"])[1].tolist(), 0.0], abs=1e-5)
    assert recall.table(0, ["x"]).tolist() == [[0.0] * 5]
    assert recall.best(0, 5) == ["z"]


def test_past_requests_are_embedded_once_and_kept_between_processes(tmp_path, workshop):
    past = told(*(Past(f"ferment rye number{n}", "bread-baking") for n in range(5)))
    bag = Bag()
    TantivyRouter(embedder=bag, history=past, folder=tmp_path).route("bake", workshop)
    asked = bag.asked
    TantivyRouter(embedder=bag, history=past, folder=tmp_path).route("bake", workshop)
    assert (asked, bag.asked - asked) == (8 + 5 + 1, 1)


def test_a_request_is_embedded_once_while_it_is_recent(workshop):
    bag = Bag()
    router = TantivyRouter(embedder=bag)
    for _ in range(3):
        router.route("bake loaves", workshop)
    assert bag.asked == 8 + 1


# ---------------------------------------------------------------- weights


def test_weights_survive_their_file():
    weights = Weights(
        score=Score(cosine=2, count=0.25), sure=Sure(bias=-3), embedder="e", trained_on=40, hit1=0.5
    )
    assert load(dump(weights)) == weights


@pytest.mark.parametrize("text", ["", "[]", "{}", dump(DEFAULT).replace("nearest", "x"), '{"format": 1}'])
def test_a_broken_weights_file_names_the_way_out(text):
    with pytest.raises(ConfigError, match="memento route train"):
        load(text)


def test_weights_of_another_embedder_are_not_used():
    text = dump(Weights(embedder="e", trained_on=9))
    assert [fitting(text, "e").trained_on, fitting(text, "f"), fitting(text, None), fitting(None, "e")] == [
        9, DEFAULT, DEFAULT, DEFAULT,
    ]  # fmt: skip


def test_a_skill_without_history_is_scored_by_its_text_alone():
    weights = Weights(score=Score(cosine=2, bm25=0, seen=9))
    seen = Recalled(seen=0.7)
    assert weights.parts(0.5, 75.0, None) == {"cosine": 1.0, "bm25": 0.0}
    assert weights.parts(0.5, 75.0, Recalled(wrong=0.5)) == {"cosine": 1.0, "bm25": 0.0, "wrong": -0.25}
    assert weights.parts(0.5, 75.0, seen)["seen"] == 9


# ---------------------------------------------------------------- learning


def lessons(count: int, *, honest: bool) -> Lessons:
    """Requests of five skills where the past tells the right one (or, when not honest, nothing does)."""
    draw = np.random.default_rng(1)
    views, right = len(SHARES), np.eye(5, dtype=bool)[np.arange(count) % 5]
    kept = draw.random((views, 5)) < np.array(SHARES)[:, None]
    past = np.zeros((views, count, 5, len(PAST_FEATURES)), dtype=np.float32)
    past[..., PAST_FEATURES.index("seen")] = kept[:, None]
    told_by = np.where(right, 0.4, -0.4) if honest else np.zeros((count, 5))
    past[..., PAST_FEATURES.index("share")] = kept[:, None] * told_by
    past[..., PAST_FEATURES.index("height")] = 0.3 * kept[:, None]
    text = np.stack([draw.random((count, 5)) * 0.3, np.full((count, 5), 0.1)], axis=2)
    warm = np.stack([kept[v][right.argmax(axis=1)] for v in range(views)])
    every = np.ones((count, 5), dtype=bool)
    return Lessons(
        text=text.astype(np.float32),
        past=past,
        wording=np.tile(np.float32([[0.5, 0.2]]), (count, 1)),
        there=every,
        right=right,
        proven=every,
        warm=warm,
        cold=~warm,
    )


@pytest.fixture(scope="module")
def trained() -> Trained:
    return train(lessons(150, honest=True), DEFAULT, embedder="e")


def test_training_finds_what_tells_the_right_skill_and_says_by_how_much(trained):
    assert (trained.kept_old, trained.weights.embedder, trained.weights.trained_on) == (False, "e", 150)
    assert trained.after_warm > 0.9 > 0.5 > trained.before_warm


def test_weights_that_do_no_better_are_not_taken():
    trained = train(lessons(150, honest=False), DEFAULT, embedder="e")
    assert (trained.kept_old, trained.weights) == (True, DEFAULT)


def test_training_is_the_same_twice(trained):
    assert train(lessons(150, honest=True), DEFAULT, embedder="e") == trained


def test_skills_without_a_past_keep_their_requests_whatever_the_others_learn():
    taught = lessons(300, honest=True)
    text = taught.text.copy()
    text[..., 0] += 0.3 * taught.right  # the text tells it too
    taught = replace(taught, text=text)
    score = fit([taught])
    bare = replace(score, **dict.fromkeys(PAST_FEATURES, 0.0))
    cold, plain = ([hits(taught, s, view)[taught.cold[view]] for view in BALANCE] for s in (score, bare))
    assert np.concatenate(cold).mean() >= np.concatenate(plain).mean() - 0.05


def test_having_a_past_counts_as_much_as_finds_most_with_such_requests_counting_three_times():
    taught = lessons(300, honest=True)
    draw = np.random.default_rng(3)
    noise = 0.6 * draw.random(taught.text.shape) + 0.3 * taught.right[..., None]
    taught = replace(taught, text=(taught.text + noise).astype(np.float32), past=0.3 * taught.past)
    score = fit([taught])

    def found(shift: float, warm: float) -> float:
        moved = replace(score, seen=score.seen + shift)
        found = np.stack([hits(taught, moved, view) for view in BALANCE])
        views = list(BALANCE)
        return sum(
            count * found[which[views]].mean() for count, which in ((warm, taught.warm), (1, taught.cold))
        )

    near = np.round(np.arange(-0.06, 0.065, 0.01), 2)
    here = sum(found(step, 3) for step in near)
    assert all(here >= sum(found(step + shift, 3) for step in near) for shift in (-0.2, -0.05, 0.05, 0.2))
    assert sum(found(step, 30) for step in near) < max(
        sum(found(step + 0.01 * shift, 30) for step in near) for shift in range(1, 20)
    )


def test_a_confidence_tells_requests_whose_skill_is_there_from_those_whose_skill_is_gone():
    taught = lessons(150, honest=True)
    sure = fit_sure([(taught, fit([taught]))])
    assert sure.share > 0
    many = replace(taught, past=taught.past.copy())
    many.past[..., PAST_FEATURES.index("count")] = 3 * taught.right
    old, young = (fit_sure([(many, fit([many]))], young=young).count for young in (False, True))
    assert (old > 0, young) == (True, 0.0)


def test_too_little_past_teaches_nothing_and_says_so(workshop):
    past = told(*(Past(f"rye number{n}", "bread-baking") for n in range(29)), Past("x", "gone"))
    with pytest.raises(UsageError, match="29 past requests are too few"):
        TantivyRouter(embedder=Bag(), history=past).lessons(workshop)


def test_a_request_is_held_against_a_memory_without_itself(workshop):
    past = told(*(Past(f"ferment rye {word}", "bread-baking") for word in WORDS[:30]))
    taught = TantivyRouter(embedder=Bag(width=512), history=past).lessons(workshop)
    height = taught.past[0][..., PAST_FEATURES.index("nearest")] + 0.5  # one skill alone has no usual
    assert (len(taught), bool(taught.right.any(axis=1).all()), bool(height.max() < 0.95)) == (30, True, True)


def test_the_lessons_hold_what_the_router_sees(workshop):
    past = told(
        *(Past(f"ferment rye {w}", "bread-baking") for w in WORDS[:20]),
        *(Past(f"castle early {w}", "chess-openings") for w in WORDS[:20]),
    )
    router = TantivyRouter(embedder=Bag(), history=past)
    taught = router.lessons(workshop)
    shape = (len(SHARES), 40, 4, len(PAST_FEATURES))
    assert (taught.past.shape, taught.there.sum(), taught.right.sum(), taught.proven.sum()) == (
        shape,
        160,
        40,
        80,
    )
    few, none = (
        build(workshop.held.values()).wording(query_terms(f"ferment rye {WORDS[0]}").terms),
        SHARES.index(0.0),
    )
    assert np.allclose(taught.wording[0], (few.most / BM25_UNIT, few.unknown))
    assert (not taught.past[none].any(), taught.cold[none].all(), taught.warm[0].all()) == (True, True, True)


WORDS = [f"w{chr(945 + n)}" for n in range(30)]  # no two are the same direction


def test_learning_without_vectors_is_refused(workshop):
    with pytest.raises(UsageError, match="embedder"):
        TantivyRouter(history=told(Past("x", "bread-baking"))).lessons(workshop)


# ---------------------------------------------------------------- vectors


def skill_vectors(skills: Sequence[Skill], embedder, cache):
    return vectors_of([skill_key(s) for s in skills], lambda ns: [skills[n] for n in ns], embedder, cache)


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
    assert list(VectorCache(path=tmp_path / "vectors.db").known("bag", [skill_key(s) for s in SKILLS])) == []


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
        ("bake-bread", "Bake bread and cakes.", "Knead."),
        ("bread-bake", "Bake bread and cakes.", "Knead."),
        ("cc", "Explain chess openings.", ""),
        ("dd", "", ""),
    )
    health = examine(TantivyRouter(embedder=Bag(), threshold=0.2), library)
    assert health.skills == 4
    assert health.shadowed == (Shadow(skill="bread-bake", by="bake-bread", rank=2),)
    assert [s.skill for s in health.unreachable] == ["dd"]
    assert [(o.first, o.second) for o in health.overlaps] == [("bake-bread", "bread-bake")]
    assert isinstance(health.overlaps[0], Overlap)


def test_what_was_taken_from_vectors_can_be_put_back():
    rows = Bag().embed(["a b", "a c", "d e"])
    space = centred(rows.copy())
    assert np.linalg.norm(space.rows, axis=1) == pytest.approx(np.ones(3), abs=1e-5)
    assert np.allclose(space.raw(), rows, atol=1e-5)
    assert not np.allclose(space.rows, rows, atol=1e-2)


def test_tools_are_ranked_by_words_and_by_an_embedder_that_is_down():
    specs = [
        ToolSpec(name="read_file", description="Read a file.", parameters={"properties": {"path": True}}),
        ToolSpec(name="web_search", description="Search the web.", parameters={}),
    ]
    for embedder in (None, Bag(), Broken()):
        assert rank("search the web", specs, 1, embedder=embedder) == ["web_search"]
    assert rank("search the web", [], 3) == rank("", specs, 3) == []


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
    # What it was asked before is known; what is new finds it dead.
    assert router.route("bake loaves", workshop) == first
    assert router.route("bake bread", workshop).degraded is not None
    moody.down = False
    assert router.route("bake bread", workshop).degraded is None
