"""Main's whole past in one reading says what the single questions say."""

from memento.library.chronicle import chronicle
from memento.library.lineage import main_line, origins, states


def test_every_skill_has_the_states_and_the_origins_that_are_told_one_by_one(library, git):
    root = library.root
    document = root / "skills" / "greeter" / "SKILL.md"
    document.write_text(document.read_text("utf-8") + "\nBow.\n", "utf-8")
    git("commit", "-q", "-am", "Bow", cwd=root)
    (root / "skills" / "greeter" / "notes.md").write_text("A note.\n", "utf-8")
    (root / "skills" / "odd\nname\0"[:8]).mkdir()
    (root / "skills" / "odd\nname\0"[:8] / "SKILL.md").write_text(":100644 100644 aa bb M\n", "utf-8")
    git("add", ".", cwd=root)
    git("commit", "-q", "-m", ":100644 100644 aa bb M\n\nMemento-Skill: greeter", cwd=root)
    git("switch", "-q", "-c", "side", cwd=root)
    document.write_text(document.read_text("utf-8") + "\nSmile.\n", "utf-8")
    git("commit", "-q", "-am", "aside", cwd=root)
    git("switch", "-q", "main", cwd=root)
    git("rm", "-q", "-r", "skills/ledger-totals", cwd=root)
    git("commit", "-q", "-m", "Retire", cwd=root)
    git("merge", "-q", "--no-ff", "-m", "Land greeter", "side", cwd=root)

    tip = library.tip()
    told = chronicle(library.git, tip)

    line = main_line(library.git, tip)
    assert tuple(entry.sha for entry in told.landings) == line
    assert told.landings == library.log(limit=99)[::-1]
    assert told.origins("greeter") == origins(library.git, tip, "greeter")
    assert told.origins("ledger-totals") == ()
    for skill in ("greeter", "ledger-totals"):
        known = {state.commit: state.tree for state in states(library.git, line, skill)}
        assert [(m.landing.sha, m.tree) for m in told.moments[skill]] == [
            (sha, tree) for number, (sha, tree) in enumerate(known.items())
            if tree != ([None, *known.values()][number])
        ]  # fmt: skip
    assert [m.tree is None for m in told.moments["ledger-totals"]] == [False, True]
    assert told.documents("ledger-totals")[1] is None
    assert sorted(told.moments) == ["greeter", "ledger-totals", "odd\nname"]
