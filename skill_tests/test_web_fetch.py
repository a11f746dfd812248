"""web-fetch: its script turns HTML into text and links, and its instructions name what they need."""

import re

QUERIES = (
    "Summarise the article at https://example.org/blog/launch",
    "Read http://example.com/terms and tell me the notice period",
    "Open the web page https://docs.example.dev/install and quote the first heading",
    "Extract all links from this website: https://example.net",
    "Fetch the URL https://api.example.org/v1/status and give me the response",
    "Scrape the table from that page https://example.org/stats.html",
    "What does the HTML page behind this link say about refunds? https://shop.example/help",
)
NEAR_MISSES = (
    "Search the web for reviews of the new tram line",
    "Find the broken symbolic links in the folder photos",
    "Move every HTML file into the folder archive",
    "Run the link checker and explain why the build failed",
    "Which version of curl is installed?",
    "Look up online who founded the observatory",
)

PAGE = """<!doctype html><html><head><title>T</title><style>p {color: red}</style></head><body>
<nav><ul><li><a href="/home">Home<p>Unclosed</a></nav>
<main><h1>Tide  tables</h1><p>High water at <b>06:40</b> &amp; 19:05. See <a href="more.html">more
 tables</a>.</p><ul><li>Spring</li><li>Neap</li></ul>
<table><tr><th>Day</th><th>m</th></tr><tr><td>Mon</td><td>4.1</td></tr></table>
<pre>a  =  1
  b</pre><p hidden>secret</p><script>var x = "<p>no</p>";</script>
<p>End<br>here <a href="javascript:void(0)">click</a> <a href="#top">top</a></p></main></body></html>"""

TEXT = """# Tide tables

High water at 06:40 & 19:05. See [more tables](https://example.org/t/more.html).

- Spring
- Neap

Day | m
Mon | 4.1

```
a  =  1
  b
```

End
here click [top](https://example.org/t/#top)
"""


def test_html_becomes_readable_markdown_without_scripts_navigation_and_hidden_parts(run_script):
    run = run_script("scripts/extract.py", "--base", "https://example.org/t/", "-", stdin=PAGE)
    assert (run.exit_code, run.stdout, run.stderr) == (0, TEXT, "")


def test_links_are_absolute_distinct_and_only_of_the_web(run_script):
    page = PAGE + '<a href="more.html">more tables</a><a href="mailto:a@example.org">mail</a>'
    run = run_script(
        "scripts/extract.py",
        "--links",
        "--base",
        "https://example.org/t/",
        "page.html",
        files={"page.html": page},
    )
    assert run.exit_code == 0
    assert run.stdout.splitlines() == [
        "https://example.org/t/more.html\tmore tables",
        "https://example.org/t/#top\ttop",
    ]


def test_broken_html_loses_no_text(run_script):
    page = '<p>one<div>two</p></span><li>three <a href="https://e.example/">four'
    run = run_script("scripts/extract.py", "-", stdin=page)
    assert run.stdout.split() == ["one", "two", "-", "three", "[four](https://e.example/)"]


def test_an_empty_page_is_empty_text(run_script):
    run = run_script("scripts/extract.py", "-", stdin="")
    assert (run.exit_code, run.stdout.strip()) == (0, "")


def test_a_missing_file_is_an_error_in_words(run_script):
    run = run_script("scripts/extract.py", "absent.html")
    assert (run.exit_code, run.stdout) == (2, "")
    assert "absent.html" in run.stderr


def test_the_documented_commands_run_as_written(skill, run_script):
    commands = re.findall(r"^python3 /skill/(scripts/extract\.py) (.+)$", skill.body, re.MULTILINE)
    assert len(commands) == 2
    for script, options in commands:
        arguments = options.replace("/workspace/", "").replace("< page.html", "").split()
        assert run_script(script, *arguments, files={"page.html": PAGE}, stdin=PAGE).exit_code == 0


def test_each_way_to_fail_has_something_to_do(skill):
    rows = re.findall(r"^\| (.+?) \| (.+?) \|$", skill.body, re.MULTILINE)
    told = " ".join(seen for seen, _ in rows)
    for status in ("404", "403", "429"):
        assert status in told
    assert all(action.strip() for _, action in rows)


# --- generated cases: each names the episode it came from ---
# --- end of generated cases ---
