"""Every setting explains itself, says where its value comes from, and shows no secret."""

import re
import tomllib

import pytest

from memento.config import Config, load
from memento.config.settings import settings
from memento.library.opening import CONFIG

TOML = """
[model]
name = "from-file"
base_url = "https://ada:hunter2@models.example/v1"
[review]
people = "auto"
[review.skills]
"csv-*" = "locked"
[mcp.servers.files]
command = "files-server"
env = { TOKEN = "hunter2" }
"""
AT = "memento.toml at 0123456789"


def told(toml: str = "", environ=None, flags=None) -> dict[str, tuple[str, str]]:
    found = settings(toml, "0123456789", environ or {}, flags or {})
    return {each.name: (each.value, each.origin) for each in found}


def test_without_anything_every_setting_has_its_default():
    found = told()
    assert {origin for _, origin in found.values()} == {"default"}
    assert found["review.people"] == ('"review"', "default")
    assert found["model.api_key"] == ("null", "default")
    assert "model.key_from" not in {*found, *told(TOML, {"OPENAI_API_KEY": "x"})}


def test_later_sources_go_before_earlier_ones_and_each_is_named():
    assert told(TOML)["model.name"] == ('"from-file"', AT)
    environ = {"MEMENTO_MODEL": "from-variable"}
    assert told(TOML, environ)["model.name"] == ('"from-variable"', "$MEMENTO_MODEL")
    flags = {("model", "name"): "from-flag", ("sandbox", "kind"): None}
    assert told(TOML, environ, flags)["model.name"] == ('"from-flag"', "flag")
    assert told(TOML, environ, flags)["sandbox.kind"] == ('"auto"', "default")
    assert told(TOML)["review.skills"] == ('{"csv-*": "locked"}', AT)
    assert told(TOML)["review.agent"] == ('"auto"', "default")


def test_no_secret_is_shown_wherever_it_stands():
    keys = {"OPENAI_API_KEY": "hunter2", "TAVILY_API_KEY": "hunter2", "BRAVE_API_KEY": "hunter2"}
    found = told(TOML, keys)
    assert found["model.api_key"] == ("(set)", "$OPENAI_API_KEY")
    assert found["model.base_url"] == ('"https://(set)@models.example/v1"', AT)
    assert '"TOKEN": "(set)"' in found["mcp.servers"][0]
    assert "hunter2" not in str(found)


def test_every_setting_says_what_it_means():
    found = settings("", "", {}, {})
    assert [each.name for each in found if len(each.meaning) < 10] == []
    assert {each.name.split(".")[0] for each in found} == set(Config.model_fields)


def test_what_a_new_librarys_file_shows_as_a_default_is_one():
    lines = [re.sub(r"^# (?=[a-z_]+ = )", "", line) for line in CONFIG.splitlines()]
    shown = tomllib.loads("\n".join(lines))
    assert load(CONFIG, {}) == load("", {})
    review = load("", {}).review.model_dump(exclude={"skills"})
    assert shown == {"library": {"main": "main"}, "review": review}


@pytest.mark.parametrize(
    "name", ["agent", "people", "where", "open_proposals", "landings_per_day", "most_lines"]
)
def test_neither_a_variable_nor_a_flag_changes_what_people_must_review(name):
    from memento.config import variable_of

    assert variable_of("review", name) is None
