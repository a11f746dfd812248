"""Nothing that a model, a task or a tool wrote does anything on GitHub: it is only read."""

import re
import unicodedata
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from memento.changes import GateOutcome
from memento.review.github.body import LONGEST_BODY, pull_text
from memento.review.github.neutral import block, cell, code, title
from tests.review.github.dossiers import proposal, saying

HOSTILE = [
    "@octocat look", "@acme/admins", "mail a@b.co", "#1 and acme/library#2", "GH-3", "fixes #4",
    "<script>alert(1)</script>", "<img src=x onerror=y>", "<!-- hidden -->", "</details>", "&#64;octocat",
    "[x](https://evil.example)", "![x](https://evil.example/p.png)", "https://evil.example",
    "www.evil.example", "```\n@octocat\n```", "~~~", "````", "` @octocat `", "``", "`", "a`", "`a",
    "\\`@octocat\\`",
    "a | @octocat | b", "\\| @octocat", "\\\\| @octocat", "|", "\\", "a\\",
    "\u202e@octocat", "\u200b", "\u2066x\u2069", "\x00", "\x1b[31m", "\r\n@octocat", "\r@octocat",
    "\u2028@octocat", "\n\n# Title @octocat", "\n- [ ] @octocat", "    @octocat", "\t@octocat",
    "\n</details>\n@octocat",
    "\n---\n@octocat", "", " ", "$@octocat$", "$`@octocat`$", "[^1]: @octocat", ":tada:", "[[x]]",
]  # fmt: skip


def skeleton(markdown: str) -> list[tuple[str, str, str]]:
    """Everything that GitHub would act on: the structure, and all text that is not code."""
    tokens = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(markdown)
    flat = [inner for token in tokens for inner in (token, *(token.children or ()))]
    silent = {"inline", "fence", "code_block", "code_inline"}
    return [(token.type, token.tag, "" if token.type in silent else token.content) for token in flat]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_changes_nothing_of_a_body_but_what_is_read_as_code(text):
    assert skeleton(pull_text(saying(text)).body) == skeleton(pull_text(saying("plain words")).body)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.sampled_from(HOSTILE) | st.text(max_size=5), max_size=6).map("".join))
def test_no_mixture_of_texts_comes_alive_in_a_body(text):
    assert skeleton(pull_text(saying(text)).body) == skeleton(pull_text(saying("plain words")).body)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(HOSTILE) | st.text(max_size=5), max_size=6).map("".join))
def test_a_title_holds_no_mention_reference_link_or_html(text):
    made = title(text)
    assert not re.search(r"[@#`<>\n\r]|://|(?i:www\.|gh-\d)", made)
    assert all(
        character.isprintable() or character == "\u3000" or unicodedata.category(character) == "Zs"
        for character in made
    )


def test_hidden_characters_are_shown_and_not_obeyed():
    assert code("pay\u202e\u200b\u200d\x1b now") == "`pay\\u202e\\u200b\\u200d\\x1b now`"
    assert block("a\u2028b\n\tc\r") == "```text\na\\u2028b\n\tc\\r\n```"


def test_code_is_longer_fenced_than_anything_inside():
    assert code("a `` b") == "```a `` b```"
    assert code("`x") == "`` `x ``"
    assert block("````\n@x") == "`````text\n````\n@x\n`````"
    assert cell("a|b\\|c") == "`a\\|b\\ \\|c`"


@pytest.mark.parametrize(
    "secret",
    [
        "ghp_" + "a1" * 20,
        "AKIA" + "ABCDEFGH12345678",
        "sk-" + "a" * 30,
        "https://user:hunter22@host/",
        "-----BEGIN RSA PRIVATE KEY-----\nMIIabc\n-----END RSA PRIVATE KEY-----",
    ],
)
def test_no_credential_reaches_github(secret):
    told = pull_text(saying(f"it used {secret} there"))
    for part in (told.title, told.body):
        assert secret not in part
        assert "MIIabc" not in part
        assert "[redacted: a credential]" in part


def test_the_body_tells_all_that_a_person_needs_to_decide():
    told = pull_text(saying("plain words"))
    assert told.title == "greeter: plain words"
    for part in (
        "### Why",
        "### Exam",
        "| `test_new` | red | green |",
        "### Gate",
        "- ✓ `static` `plain words`",
    ):
        assert part in told.body
    assert "utility 0.25 (1 passed, 3 failed; between 0.05 and 0.70)" in told.body
    assert "| `plain words` | `none` | `greeter` |" in told.body


def test_labels_name_the_skill_the_verdict_and_the_taint():
    found = saying("x", proposal=proposal("x", tainted=True))
    assert pull_text(found).labels == ("skill:greeter", "gate:pass", "tainted")
    long = replace(proposal("x"), skill="a" * 64)
    assert pull_text(saying("x", proposal=long)).labels == ("skill:" + "a" * 44, "gate:pass")


def test_reviewers_are_the_people_and_teams_of_codeowners():
    told = pull_text(saying("x"))
    assert (told.people, told.teams) == (("ada",), ("reviewers",))


@pytest.mark.parametrize(
    ("found", "draft"),
    [
        (saying("x"), False),
        (saying("x", GateOutcome.FAIL), False),
        (saying("x", GateOutcome.INDECISIVE), True),
        (saying("x", report=None), True),
    ],
)
def test_it_is_a_draft_while_the_gate_is_not_sure(found, draft):
    assert pull_text(found).draft is draft


def test_evidence_that_is_too_long_for_github_is_left_out_whole():
    steps = saying("x").report.steps * 400
    found = saying("x" * 600, report=replace(saying("x").report, steps=steps))
    wordy = replace(
        found, report=replace(found.report, steps=tuple(replace(s, detail="y" * 590) for s in steps))
    )
    body = pull_text(wordy).body
    assert len(body) < LONGEST_BODY
    assert "too long for GitHub" in body
