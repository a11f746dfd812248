"""files: its script sizes up any file without guessing silently, and its commands do what they promise."""

import codecs
import json
import re
import subprocess

QUERIES = (
    "Rename all photos in the folder to lower case",
    "Locate the document about the launch in this directory",
    "Sort the documents in this directory into folders by year",
    "Convert notes.txt from Windows-1252 encoding to UTF-8",
    "Replace the old company name in every Markdown file",
    "Compare the folders backup and current: which files differ?",
    "Move and copy the reports into an archive directory",
    "Fix the line endings of the file script.txt",
)
NEAR_MISSES = (
    "Add up the Amount column of ledger.csv",
    "What is the average of the price values in sales.csv?",
    "Which customer in orders.json has the highest revenue?",
    "Fetch https://example.org/report and summarise the page",
    "Search the web for a recent documentation of the TAR format",
    "Run the unit tests and debug the failing command",
    "Create a skill for tidying calendars",
    "How many days lie between the first and the last entry of log.csv?",
)


def facts(run_script, name, data):
    """What describe.py says of a file with these bytes, without its path."""
    run = run_script("scripts/describe.py", "--help")
    path = run.folder / name
    path.write_bytes(data)
    run = run_script("scripts/describe.py", str(path))
    assert (run.exit_code, run.stderr) == (0, "")
    found = json.loads(run.stdout)
    assert found.pop("path") == str(path)
    return found


def test_a_table_is_described_with_delimiter_header_and_first_rows(run_script):
    data = 'id;name\r\n007;"Möller; Co"\r\n008;Ann\r\n'.encode()
    assert facts(run_script, "t.csv", data) == {
        "bytes": 37,
        "kind": "csv",
        "delimiter": ";",
        "header": ["id", "name"],
        "rows": [["007", "Möller; Co"], ["008", "Ann"]],
        "encoding": "utf-8",
        "bom": False,
        "newline": "crlf",
        "lines": 3,
        "final_newline": True,
    }


def test_a_table_without_a_heading_line_keeps_its_first_row(run_script):
    found = facts(run_script, "t.tsv", b"1\t2\n3\t4\n")
    assert (found["delimiter"], found["header"], found["rows"]) == ("\t", None, [["1", "2"], ["3", "4"]])


def test_prose_with_commas_is_text(run_script):
    found = facts(run_script, "a.txt", b"Dear Ann,\nthank you, and so long, B.\n")
    assert (found["kind"], found["lines"]) == ("text", 2)


def test_kinds_are_told_apart(run_script):
    kinds = {
        b"": "empty",
        b'{"a": 1}': "json",
        b'{"a": 1}\n{"a": 2}\n': "jsonl",
        b"\x89PNG\r\n\0\1": "binary",
    }
    assert {data: facts(run_script, "f", data)["kind"] for data in kinds} == kinds


def test_encodings_are_named_and_a_guess_is_marked_as_one(run_script):
    seen = {
        "plain": facts(run_script, "f", b"abc")["encoding"],
        "accents": facts(run_script, "f", "é".encode())["encoding"],
        "old": facts(run_script, "f", "café".encode("cp1252"))["encoding"],
        "marked": facts(run_script, "f", codecs.BOM_UTF8 + b"abc")["encoding"],
        "wide": facts(run_script, "f", "abc".encode("utf-16"))["encoding"],
    }
    assert seen == {
        "plain": "ascii",
        "accents": "utf-8",
        "old": "windows-1252?",
        "marked": "utf-8",
        "wide": "utf-16",
    }


def test_line_endings_are_named(run_script):
    data = {b"a\nb\n": "lf", b"a\r\nb\r\n": "crlf", b"a\rb": "cr", b"a\nb\r\n": "mixed", b"a": "none"}
    assert {text: facts(run_script, "f", text)["newline"] for text in data} == data


def test_a_missing_file_is_reported_beside_the_others(run_script):
    run = run_script("scripts/describe.py", "absent", "there.txt", files={"there.txt": "x"})
    found = [json.loads(line) for line in run.stdout.splitlines()]
    assert (run.exit_code, found[0], found[1]["kind"]) == (
        1,
        {"path": "absent", "error": "no such file"},
        "text",
    )


def test_the_documented_line_ending_commands_are_each_others_inverse(skill):
    commands = re.findall(r"`(sed 's/[^`]*) OLD > NEW`", skill.body)
    assert len(commands) == 2
    strip, add = commands
    for command, before, after in ((strip, b"a\r\nb\r\n", b"a\nb\n"), (add, b"a\nb\n", b"a\r\nb\r\n")):
        done = subprocess.run(["bash", "-c", command], input=before, capture_output=True, check=False)
        assert (done.returncode, done.stdout) == (0, after)


def test_the_documented_search_for_duplicates_finds_them(skill, tmp_path):
    command = re.search(r"Duplicates: `(.+?)`", skill.body)[1].replace("/workspace", str(tmp_path))
    for name, text in {"a": "same", "b": "same", "c": "other"}.items():
        (tmp_path / name).write_text(text)
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert sorted(line.split("/")[-1] for line in done.stdout.splitlines()) == ["a", "b"]


# --- generated cases: each names the episode it came from ---
# --- end of generated cases ---
