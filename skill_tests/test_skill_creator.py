"""skill-creator: its validator finds what breaks a skill, and its own example is a valid skill."""

import json
import re

QUERIES = (
    "Create a new skill for reading bank statements",
    "Write a SKILL.md for our code review routine",
    "Improve the description of this skill so that it triggers more often",
    "Validate the skill folder against the specification",
    "Turn the way we just worked into a reusable agent skill",
    "Review my skill: is the frontmatter correct?",
)
NEAR_MISSES = (
    "Which skills do employers look for in a data analyst?",
    "Create a folder for the invoices of this year",
    "Run the scripts in tools and report their exit codes",
    "Write a poem about the sea",
    "Search the web for recent articles about learning to juggle",
    "Validate the e-mail addresses in contacts.txt",
)

GOOD = """---
name: unit-conversion
description: >-
  Convert quantities between units.
  Use when a request names two units.
license: Apache-2.0
metadata:
  memento-version: "0.1.0"
---

# Unit conversion

Run `python3 /skill/scripts/convert.py`, read scripts/convert.py and [the table](references/table.md).
"""
FILES = {"SKILL.md": GOOD, "scripts/convert.py": "print(1)\n", "references/table.md": "# Table\n"}


def problems(run_script, files, name="unit-conversion"):
    placed = {f"{name}/{path}": text for path, text in files.items()}
    run = run_script("scripts/validate.py", "--json", name, files=placed)
    found = json.loads(run.stdout)
    assert run.exit_code == (1 if found else 0)
    return [(problem["file"], problem["line"], problem["problem"]) for problem in found]


def test_a_good_skill_has_no_problems(run_script):
    assert problems(run_script, FILES) == []


def test_a_folder_without_skill_md_or_without_frontmatter_is_no_skill(run_script):
    assert problems(run_script, {"notes.md": "x"}) == [("SKILL.md", 1, "missing")]
    assert problems(run_script, {"SKILL.md": "# Title\n"}) == [
        ("SKILL.md", 1, "no frontmatter: the first line must be `---`, and a second `---` ends it")
    ]


def test_the_name_follows_the_rules_and_equals_the_folder(run_script):
    bad = {**FILES, "SKILL.md": GOOD.replace("name: unit-conversion", "name: Unit_Conversion")}
    assert problems(run_script, bad) == [
        (
            "SKILL.md",
            2,
            "name `Unit_Conversion`: lower case letters, digits, single hyphens, at most 64 characters",
        ),
        ("SKILL.md", 2, "name `Unit_Conversion` differs from the folder `unit-conversion`"),
    ]
    assert problems(run_script, FILES, name="other") == [
        ("SKILL.md", 2, "name `unit-conversion` differs from the folder `other`")
    ]


def test_a_description_is_there_short_enough_and_says_when(run_script):
    folded = "description: >-\n  Convert quantities between units.\n  Use when a request names two units.\n"
    for text, problem in (
        ("", "`description` is missing"),
        ("description: Converts units.\n", "the description does not say when to use the skill"),
        (f"description: Use when {'x' * 1015}\n", "`description` has 1024 characters, at most 1024"),
        (f"description: Use when {'x' * 1016}\n", "`description` has 1025 characters, at most 1024"),
    ):
        found = [p for _, _, p in problems(run_script, {**FILES, "SKILL.md": GOOD.replace(folded, text)})]
        assert found == ([] if "has 1024" in problem else [problem])


def test_unknown_fields_dead_links_and_an_empty_body_are_found(run_script):
    text = GOOD.replace("license:", "author: me\nlicense:").replace("table.md", "absent.md")
    assert problems(run_script, {**FILES, "SKILL.md": text}) == [
        (
            "SKILL.md",
            6,
            "unknown field `author`: allowed are "
            "allowed-tools, compatibility, description, license, metadata, name",
        ),
        ("SKILL.md", 14, "references/absent.md does not exist"),
    ]
    head = GOOD.split("# Unit")[0]
    assert problems(run_script, {"SKILL.md": head}) == [("SKILL.md", 10, "the body is empty")]


def test_scripts_parse_and_are_mentioned(run_script):
    files = {**FILES, "scripts/convert.py": "def (\n", "scripts/lost.py": "x = 1\n"}
    assert problems(run_script, files) == [
        ("scripts/convert.py", 1, "does not parse: invalid syntax (<unknown>, line 1)"),
        ("scripts/lost.py", 1, "SKILL.md does not mention this script"),
    ]


def test_a_link_out_of_the_skill_is_found(run_script):
    text = GOOD.replace("references/table.md", "../other/SKILL.md")
    assert ("SKILL.md", 13, "../other/SKILL.md leads out of the skill") in problems(
        run_script, {**FILES, "SKILL.md": text, "../other/SKILL.md": "x"}
    )


def test_problems_are_printed_as_file_line_problem(run_script):
    run = run_script("scripts/validate.py", "s", files={"s/SKILL.md": "x"})
    assert run.stdout.startswith("SKILL.md:1: no frontmatter")
    assert run_script("scripts/validate.py", "absent").exit_code == 2


def test_the_example_in_the_instructions_is_a_valid_skill(skill, run_script):
    example = re.search(r"```markdown\n(.*?)```", skill.body, re.DOTALL)[1]
    assert problems(run_script, {"SKILL.md": example}) == []


def test_the_skill_obeys_itself(skill, run_script):
    run = run_script("scripts/validate.py", str(skill.path))
    assert (run.exit_code, run.stdout) == (0, "no problems\n")


# --- generated cases: each names the episode it came from ---
# --- end of generated cases ---
