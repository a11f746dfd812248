"""The index on disk: a cache that may die at any moment, and is never the source of a route."""

import fcntl
import json

import pytest

from memento.route import TantivyRouter
from memento.route.disk import digest, on_disk, read_state
from memento.types import Skill


def skills(count: int = 40, **changed: str) -> list[Skill]:
    """Skills that share no word; `changed` gives one another description, by its name."""
    return [
        Skill(name=f"skill{n}", description=changed.get(f"skill{n}", f"About topic{n} alone."), body="Do it.")
        for n in range(count)
    ]


def test_what_was_indexed_is_found_by_the_next_process(tmp_path):
    first = on_disk(tmp_path, "c1", lambda: skills())
    again = on_disk(tmp_path, "c1", lambda: skills())
    assert dict(first.search(["topic7"], limit=3)) == dict(again.search(["topic7"], limit=3))
    assert list(again.search(["topic7"], limit=3)) == ["skill7"]
    assert again.hit("skill7", 1.0).head >= {"topic7"}


def test_one_changed_skill_is_indexed_again_and_the_others_are_not(tmp_path):
    on_disk(tmp_path, "c1", lambda: skills())
    before = read_state(tmp_path)
    after = on_disk(tmp_path, "c2", lambda: skills(skill3="About bread now."))
    state = read_state(tmp_path)
    assert before is not None
    assert state is not None
    assert (list(after.search(["bread"], limit=5)), dict(after.search(["topic3"], limit=5))) == (
        ["skill3"],
        {},
    )
    assert {n for n in state.skills if state.skills[n] != before.skills[n]} == {"skill3"}
    assert (state.folder, state.commit, state.replaced) == (before.folder, "c2", 1)


def test_a_removed_skill_is_found_no_more(tmp_path):
    on_disk(tmp_path, "c1", lambda: skills())
    after = on_disk(tmp_path, "c2", lambda: skills()[1:])
    assert (after.size, dict(after.search(["topic0"], limit=5))) == (39, {})


def test_when_much_has_changed_all_is_built_anew_and_the_old_index_goes(tmp_path):
    on_disk(tmp_path, "c1", lambda: skills())
    on_disk(tmp_path, "c2", lambda: skills(**{f"skill{n}": f"Changed to word{n}." for n in range(10)}))
    state = read_state(tmp_path)
    assert state is not None
    assert (state.replaced, [p.name for p in tmp_path.glob("index-*")]) == (0, [state.folder])


def test_an_earlier_commit_is_answered_as_it_was(tmp_path):
    on_disk(tmp_path, "c1", lambda: skills())
    on_disk(tmp_path, "c2", lambda: skills(skill3="About bread now."))
    back = on_disk(tmp_path, "c1", lambda: skills())
    assert (list(back.search(["topic3"], limit=5)), dict(back.search(["bread"], limit=5))) == (["skill3"], {})


def _state_of_another_format(folder):
    raw = json.loads((folder / "state.json").read_text("utf-8"))
    (folder / "state.json").write_text(json.dumps({**raw, "format": 0}), "utf-8")


@pytest.mark.parametrize(
    "harm",
    [
        lambda folder: (folder / "state.json").write_text("{", "utf-8"),
        lambda folder: (folder / "state.json").write_text("[]", "utf-8"),
        lambda folder: (folder / "state.json").unlink(),
        lambda folder: next(folder.glob("index-*/meta.json")).write_text("", "utf-8"),
        lambda folder: [
            p.write_bytes(b"") for p in folder.glob("index-*/*") if p.suffix in {".term", ".store"}
        ],
        lambda folder: [p.unlink() for p in folder.glob("index-*/*")],
        _state_of_another_format,
    ],
)
def test_a_damaged_or_strange_index_is_built_again(tmp_path, harm):
    on_disk(tmp_path, "c1", lambda: skills())
    harm(tmp_path)
    index = on_disk(tmp_path, "c1", lambda: skills())
    assert (index.size, list(index.search(["topic7"], limit=3))) == (40, ["skill7"])


def test_a_process_that_died_between_index_and_state_leaves_nothing_stale(tmp_path):
    on_disk(tmp_path, "c1", skills)
    state = (tmp_path / "state.json").read_text("utf-8")
    on_disk(tmp_path, "c2", lambda: skills(skill3="About bread now."))
    (tmp_path / "state.json").write_text(state, "utf-8")
    index = on_disk(tmp_path, "c1", skills)
    assert (list(index.search(["topic3"], limit=5)), dict(index.search(["bread"], limit=5))) == (
        ["skill3"],
        {},
    )


def test_a_state_that_points_outside_its_folder_is_not_followed(tmp_path):
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    on_disk(inside, "c1", skills)
    on_disk(outside, "c1", lambda: skills(skill3="About bread now."))
    raw = json.loads((inside / "state.json").read_text("utf-8"))
    there = json.loads((outside / "state.json").read_text("utf-8"))
    raw |= {"folder": f"../outside/{there['folder']}", "opstamp": there["opstamp"]}
    (inside / "state.json").write_text(json.dumps(raw), "utf-8")
    assert dict(on_disk(inside, "c1", skills).search(["bread"], limit=5)) == {}


def test_while_another_process_writes_the_index_is_made_in_memory(tmp_path):
    on_disk(tmp_path, "c1", lambda: skills())
    with (tmp_path / "lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        index = on_disk(tmp_path, "c2", lambda: skills(skill3="About bread now."))
    state = read_state(tmp_path)
    assert state is not None
    assert (list(index.search(["bread"], limit=5)), state.commit) == (["skill3"], "c1")


def test_a_library_of_some_size_is_kept_on_disk_and_routes_the_same(tmp_path, make_library):
    library = make_library(*((s.name, s.description, s.body) for s in skills(600)))
    plain = TantivyRouter().route("about topic7", library)
    assert TantivyRouter(folder=tmp_path).route("about topic7", library) == plain
    assert TantivyRouter(folder=tmp_path).route("about topic7", library) == plain
    assert (tmp_path / "index" / "state.json").is_file()


def test_the_digest_follows_all_that_is_indexed_and_nothing_else():
    base = Skill(name="a", description="b", body="c")
    others = [
        Skill(name="x", description="b", body="c"),
        Skill(name="a", description="x", body="c"),
        Skill(name="a", description="b", body="x"),
    ]
    assert digest(base) == digest(Skill(name="a", description="b", body="c", version="9.9.9"))
    assert len({digest(base), *map(digest, others)}) == 4
