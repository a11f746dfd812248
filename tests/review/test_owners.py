"""CODEOWNERS, as GitHub's documentation says that it is read."""

import pytest

from memento.review.owners import owners_of

SKILL = "skills/files/SKILL.md"


@pytest.mark.parametrize(
    "pattern",
    ["*", "*.md", "/skills/", "skills/", "/skills/files", "skills/files/", "files/", "SKILL.md", "**/files",
     "/skills/**", "/skills/*/SKILL.md", "skills/f*s/", "/skills/files/*", "**/SKILL.md", "files",
     "skills/file?/"],
)  # fmt: skip
def test_a_pattern_fits(pattern):
    assert owners_of(f"{pattern} @ada\n", [SKILL]) == ("@ada",)


@pytest.mark.parametrize(
    "pattern",
    ["*.py", "/files/", "/SKILL.md", "skills/*", "/skills/file", "kills/", "file", "/skills/?",
     "skills/files/S", "SKILL?md/", "skills.files", "/"],
)  # fmt: skip
def test_a_pattern_does_not_fit(pattern):
    assert owners_of(f"{pattern} @ada\n", [SKILL]) == ()


def test_the_last_line_that_fits_counts_and_may_name_nobody():
    text = "* @all\n/skills/ @ada bob@example.org # who knows them\n\n# /skills/ @nobody\n/skills/files/\n"
    assert owners_of(text, [SKILL]) == ()
    assert owners_of(text, ["skills/other/SKILL.md"]) == ("@ada", "bob@example.org")
    assert owners_of(text, ["README.md"]) == ("@all",)


def test_each_owner_of_several_paths_is_named_once():
    text = "/skills/ @ada @bob\n/skill_tests/ @bob @eve\n"
    assert owners_of(text, [SKILL, "skill_tests/test_files.py"]) == ("@ada", "@bob", "@eve")
