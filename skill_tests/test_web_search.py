"""web-search: its script merges and ranks results, and its instructions can be followed as written."""

import json
import re

QUERIES = (
    "Search the web for the latest stable release of PostgreSQL",
    "Look up online who won the 2023 Booker Prize",
    "Google the current price of a monthly Netflix subscription in Spain",
    "Find recent news about the strike at the port of Rotterdam",
    "Find sources on the internet for the claim that honey never spoils",
    "Do a web search and tell me when the next solar eclipse is",
    "Which search results explain why the event was cancelled? Compare the pages and cite them",
)
NEAR_MISSES = (
    "Summarise the article at https://example.org/news/port-strike",
    "Search all files below src for the word TODO",
    "Fetch https://example.org/prices and list the links",
    "Run the search benchmark and show its exit code",
    "Create a skill that writes release announcements",
    "Sort the results in the folder by name",
)


def ranked(run_script, results, query, *options):
    run = run_script("scripts/rank.py", "-", "--query", query, *options, stdin=json.dumps(results))
    assert (run.exit_code, run.stderr) == (0, "")
    return json.loads(run.stdout)


def test_the_same_page_under_two_addresses_is_one_result_with_the_longer_snippet(run_script):
    results = [
        {"title": "Rhine", "url": "http://www.example.org/rhine/", "snippet": "The river"},
        {
            "title": "Rhine",
            "url": "https://example.org/rhine?utm_source=x#top",
            "snippet": "A river, 1233 km",
        },
    ]
    assert ranked(run_script, results, "rhine length km") == [
        {
            "title": "Rhine",
            "url": "http://www.example.org/rhine/",
            "snippet": "A river, 1233 km",
            "missing": ["length"],
            "coverage": 0.67,
        }
    ]


def test_addresses_that_differ_in_a_real_parameter_stay_apart(run_script):
    results = [{"title": "t", "url": f"https://example.org/page?id={n}"} for n in (1, 2)]
    assert [page["url"] for page in ranked(run_script, results, "t")] == [r["url"] for r in results]


def test_results_are_sorted_by_coverage_and_ties_keep_their_order(run_script):
    results = [
        {"title": "cats", "url": "https://a.example/"},
        {"title": "cats and dogs", "url": "https://b.example/"},
        {"title": "dogs", "url": "https://c.example/"},
    ]
    pages = ranked(run_script, results, "what are the cats, dogs")
    assert [(page["url"], page["coverage"]) for page in pages] == [
        ("https://b.example/", 1.0),
        ("https://a.example/", 0.5),
        ("https://c.example/", 0.5),
    ]


def test_an_engines_own_object_is_read_and_the_limit_holds(run_script):
    answer = {
        "results": [{"title": str(n), "url": f"https://e.example/{n}", "content": "x"} for n in range(5)]
    }
    pages = ranked(run_script, answer, "x", "--limit", "2")
    assert [(page["title"], page["snippet"]) for page in pages] == [("0", "x"), ("1", "x")]


def test_no_results_are_an_empty_list(run_script):
    assert ranked(run_script, [], "anything") == []


def test_what_is_no_list_of_results_is_refused_with_a_reason(run_script):
    for text in ("not json", '"a string"', '{"hits": []}'):
        run = run_script("scripts/rank.py", "-", "--query", "q", stdin=text)
        assert (run.exit_code, run.stdout) == (2, "")
        assert run.stderr.startswith("rank.py: ")


def test_the_documented_command_runs_as_written(skill, run_script):
    command = re.search(r"^python3 /skill/(scripts/rank\.py) (.+)$", skill.body, re.MULTILINE)
    options = command[2].replace("/workspace/", "").replace('"rhine length km"', "rhine").split()
    run = run_script(command[1], *options, files={"results.json": '[{"url": "https://e.example/rhine"}]'})
    assert (run.exit_code, json.loads(run.stdout)[0]["coverage"]) == (0, 1.0)


def test_every_result_must_be_opened_dated_and_cited(skill):
    steps = re.findall(r"^\d\. \*\*(.+?)\*\*", skill.body, re.MULTILINE)
    assert len(steps) >= 5
    for tool in ("web_search", "web_fetch", "final_answer"):
        assert f"`{tool}`" in skill.body


# --- generated cases: each names the episode it came from ---
# --- end of generated cases ---
