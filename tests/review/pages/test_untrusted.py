"""Nothing that a skill, a trace, a test or a commit says runs, loads or hides on a page."""

import base64
import hashlib
import re

import pytest
from markupsafe import Markup

from memento.review.pages.markdown import MOST_CHARACTERS, blocks
from memento.review.pages.render import Renderer
from memento.review.pages.text import clipped, gist, shown
from tests.review.pages.pages import EVIL, SCRIPTS, every_page, hostile, risky, site

HIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]")


def html_of(text: str) -> str:
    return "".join(block.html for block in blocks(text))


def test_no_page_of_a_hostile_library_runs_loads_or_hides_anything(library):
    seen = {}
    for path, html in every_page(site(hostile(library))):
        seen[path] = html
        assert risky(html) == [], path
        assert HIDDEN.search(html.replace("\n", "")) is None, path
        assert "49" not in re.findall(r">\s*(49)\s*<", html), "a template was rendered twice"
    assert {path.split("/")[0] for path in seen} == {
        "index.html", "proposals.html", "progress.html", "skills", "proposals", "episodes",
    }  # fmt: skip
    assert all(re.fullmatch(r"(\w+/)?[a-z0-9_-]+\.html", path) for path in seen), "no page lands elsewhere"
    trace = next(html for path, html in seen.items() if path.startswith("proposals/id0"))
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in trace, "what was said is there to be read"


def test_the_live_pages_are_as_harmless(library):
    for path, html in every_page(site(hostile(library), live=True)):
        found = [each for each in risky(html) if not each.startswith(("form action=../proposals/", "form"))]
        assert found == [], path


@pytest.mark.parametrize("text", [*SCRIPTS, EVIL], ids=range(len(SCRIPTS) + 1))
def test_hostile_markdown_is_text(text):
    page = f"<style></style><script></script>{html_of(text)}"
    assert risky(page) == []
    assert HIDDEN.search(html_of(text).replace("\n", "")) is None


def test_html_in_markdown_is_shown_not_obeyed():
    assert html_of("<b onclick=x>hi</b>\n") == "<p>&lt;b onclick=x&gt;hi&lt;/b&gt;</p>\n"
    assert html_of("<div>\n<script>x</script>\n</div>\n") == (
        "<p>&lt;div&gt;\n&lt;script&gt;x&lt;/script&gt;\n&lt;/div&gt;</p>\n"
    )


def test_a_link_says_where_it_leads_and_only_the_web_is_linked():
    assert html_of("[docs](https://example.org/a?b)") == (
        '<p><a href="https://example.org/a?b" rel="noopener noreferrer nofollow">docs</a> (example.org)</p>\n'
    )
    assert (
        html_of("[script](scripts/total.py)")
        == '<p><span class="unlinked">script</span> (scripts/total.py)</p>\n'
    )
    assert html_of("[x](file:///etc/passwd)") == "<p>[x](file:///etc/passwd)</p>\n"
    assert html_of("[x](//evil.example/)") == '<p><span class="unlinked">x</span> (//evil.example/)</p>\n'
    assert html_of("[x](https://good.example@evil.example/)").endswith("x</a> (evil.example)</p>\n")


def test_an_image_is_its_description():
    assert html_of("![a pixel](https://evil.example/p.png)") == (
        "<p>[image: a pixel, https://evil.example/p.png]</p>\n"
    )


def test_headings_stand_below_those_of_the_page():
    assert html_of("# One\n\n###### Six\n") == "<h3>One</h3>\n<h6>Six</h6>\n"


def test_an_entity_brings_no_hidden_character_back():
    assert html_of("a&#x202e;b &#8203;") == "<p>a\\u202eb \\u200b</p>\n"


def test_blocks_know_their_lines():
    text = "# A\n\none\ntwo\n\n- x\n\n  y\n\n```\nf\n```\n"
    assert [(block.first_line, block.last_line) for block in blocks(text)] == [
        (1, 1),
        (3, 4),
        (6, 9),
        (10, 12),
    ]


def test_a_huge_document_is_shown_as_it_is_written():
    (block,) = blocks("<b>" + "x" * MOST_CHARACTERS)
    assert block.html.startswith("<pre>&lt;b&gt;xxx")
    assert len(block.html) < 2_000


def test_a_deep_document_ends():
    assert len(blocks(">" * 50_000 + " x")) == 1
    assert len(blocks("[" * 20_000)) == 1
    assert len(blocks("*a_" * 20_000)) == 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain\ttext\n", "plain\ttext\n"),
        ("a\u202eb", "a\\u202eb"),
        ("\x1b[31m", "\\x1b[31m"),
        ("a\r\nb\rc", "a\nb\\rc"),
        ("tag\U000e0041", "tag\\U000e0041"),
        ("line\u2028sep", "line\\u2028sep"),
        ("\u0646\u06cc\u200c\u062e", "\u0646\u06cc\u200c\u062e"),
        ("👩\u200d💻", "👩\u200d💻"),
        ("\ud800", "\\ud800"),
        ("\ue000", "\\ue000"),
    ],
)
def test_what_hides_is_spelled_out(text, expected):
    assert shown(text) == expected


def test_long_text_is_cut_and_says_so():
    assert clipped("a\nb\nc", lines=2) == "a\nb\n… 1 more lines"
    assert clipped("abcdef", width=3) == "abc … 3 more"
    assert gist("  a \n b  ", 10) == "a b"
    assert gist("abcdefgh", 5) == "abcd…"


def test_the_policy_allows_our_own_style_and_script_and_nothing_else():
    static = Renderer(live=False)
    html = site_page(static)
    style = re.search(r"<style>(.*?)</style>", html, re.DOTALL)[1]
    script = re.search(r"<script>(.*?)</script>", html, re.DOTALL)[1]
    assert static.policy == (
        f"default-src 'none'; style-src 'sha256-{digest(style)}'; script-src 'sha256-{digest(script)}'; "
        "connect-src 'none'; form-action 'none'; base-uri 'none'"
    )
    meta = f'<meta http-equiv="Content-Security-Policy" content="{Markup.escape(static.policy)}">'
    assert html.index(meta) < html.index("<style>"), "the policy comes before what it governs"
    own = "connect-src 'self'; form-action 'self'"
    assert Renderer(live=True).policy == static.policy.replace(own.replace("self", "none"), own)


def digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def site_page(render: Renderer) -> str:
    from memento.review.pages.render import Frame

    frame = Frame(library="x", tip="a" * 40, when=0.0, simulated=False, waiting=0)
    return render("gone", frame, path="index.html", section="", heading="h", sentence="s")
