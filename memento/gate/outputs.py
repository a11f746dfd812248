"""A gate's reports in the formats of other tools: pure functions from values to text.

JUnit    one suite per skill, a case per step and per test; INDECISIVE is an error, FAIL a failure
SARIF    2.1.0 (https://docs.oasis-open.org/sarif/sarif/v2.1.0/): what did not pass, and findings
GitHub   annotations (workflow commands) and a job summary in Markdown
"""

import html
import json
import re
from collections.abc import Iterable, Sequence

from memento.changes import GateOutcome, GateReport, RouteChange
from memento.skill.security import Finding

_LEVELS = {GateOutcome.FAIL: "error", GateOutcome.INDECISIVE: "warning"}
_PLACE = re.compile(r"(?P<file>skill_tests/[\w.-]+|[\w./-]+\.\w+):(?P<line>\d+): ")
_MARK = {GateOutcome.PASS: "pass", GateOutcome.FAIL: "FAIL", GateOutcome.INDECISIVE: "indecisive"}
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(reports: Sequence[GateReport]) -> str:
    """The reports as one JUnit document."""
    lines = ['<?xml version="1.0" encoding="utf-8"?>', "<testsuites>"]
    for report in reports:
        cases = [*_steps(report), *_tests(report)]
        lines.append(
            f"<testsuite name={_attribute(report.skill)} tests='{len(cases)}' time='{report.seconds:.3f}'>"
        )
        lines += [*cases, "</testsuite>"]
    return "\n".join([*lines, "</testsuites>", ""])


def _steps(report: GateReport) -> Iterable[str]:
    for step in report.steps:
        name = f"<testcase classname={_attribute(report.skill)} name={_attribute(step.name)}"
        kind = {"error": "failure", "warning": "error"}.get(_LEVELS.get(step.outcome, ""))
        yield f"{name}><{kind} message={_attribute(step.detail)}/></testcase>" if kind else f"{name}/>"


def _tests(report: GateReport) -> Iterable[str]:
    for test in report.tests:
        name = f"<testcase classname={_attribute(f'{report.skill}.tests')} name={_attribute(test.id)}"
        red = f"><failure message={_attribute(test.detail)}/></testcase>"
        yield f"{name}/>" if test.passed else f"{name}{red}"
    for test_name in report.needs_model:
        suite = _attribute(f"{report.skill}.tests")
        name = f"<testcase classname={suite} name={_attribute(test_name)}"
        yield f"{name}><skipped message='needs a model'/></testcase>"


def _attribute(text: str) -> str:
    # Not xml.sax.saxutils, which loads urllib. Line ends as references: a parser makes spaces of bare ones.
    quoted = html.escape(_NOT_XML.sub("?", text))
    return '"' + quoted.replace("\n", "&#10;").replace("\r", "&#13;").replace("\t", "&#9;") + '"'


def place(report: GateReport, detail: str) -> tuple[str, int]:
    """The file and line that a detail names, as paths of the library; else the skill's SKILL.md."""
    found = _PLACE.search(detail)
    if found is None:
        return f"skills/{report.skill}/SKILL.md", 1
    file = found["file"]
    inside = file if file.startswith("skill_tests/") else f"skills/{report.skill}/{file}"
    return inside, int(found["line"])


def sarif(reports: Sequence[GateReport]) -> str:
    """What did not pass, as SARIF."""
    results = []
    for report in reports:
        for step in report.steps:
            if step.outcome is not GateOutcome.PASS:
                file, line = place(report, step.detail)
                text = f"{report.skill}: {step.detail}"
                results.append(_result(step.name, _LEVELS[step.outcome], text, file, line))
    return _document("memento gate", results)


def sarif_of(found: Iterable[tuple[str, Finding]]) -> str:
    """Findings with the path of the folder that each was found in, as SARIF."""
    return _document(
        "memento scan",
        [
            _result(f.rule, "error", f.message, f"{folder}/{f.file}" if folder else f.file, f.line)
            for folder, f in found
        ],
    )


def _result(rule: str, level: str, text: str, file: str, line: int) -> dict[str, object]:
    where = {"artifactLocation": {"uri": file}, "region": {"startLine": max(1, line)}}
    return {
        "ruleId": rule,
        "level": level,
        "message": {"text": text},
        "locations": [{"physicalLocation": where}],
    }


def _document(tool: str, results: list[dict[str, object]]) -> str:
    rules = [{"id": rule} for rule in sorted({str(result["ruleId"]) for result in results})]
    run = {"tool": {"driver": {"name": tool, "rules": rules}}, "results": results}
    schema = "https://json.schemastore.org/sarif-2.1.0.json"
    return json.dumps({"$schema": schema, "version": "2.1.0", "runs": [run]}, indent=2)


def annotations(reports: Sequence[GateReport]) -> Iterable[str]:
    """GitHub workflow commands, one per step that did not pass."""
    for report in reports:
        for step in report.steps:
            if step.outcome is not GateOutcome.PASS:
                file, line = place(report, step.detail)
                where = f"file={_property(file)},line={line},title={_property(f'gate: {step.name}')}"
                yield f"::{_LEVELS[step.outcome]} {where}::{_data(f'{report.skill}: {step.detail}')}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def summary(reports: Sequence[GateReport]) -> str:
    """A job summary: the verdicts, the red and green tests, and the route diff."""
    lines = ["## Skill gate", "", "| skill | verdict | evidence | why |", "|---|---|---|---|"]
    for report in reports:
        why = "" if report.outcome is GateOutcome.PASS else report.reason
        cells = (report.skill, _MARK[report.outcome], report.evidence, why)
        lines.append(f"| {' | '.join(map(_cell, cells))} |")
    for report in reports:
        lines += [*_test_table(report), *_route_table(report)]
    return "\n".join([*lines, ""])


def _test_table(report: GateReport) -> Iterable[str]:
    if not report.new_tests and all(test.passed for test in report.tests):
        return
    yield from ("", f"### {_cell(report.skill)}: tests", "", "| test | before | now |", "|---|---|---|")
    for test in report.tests:
        before = "red" if test.id.split("[")[0] in report.new_tests else ""
        detail = f" {test.detail.splitlines()[0][:120]}" if test.detail else ""
        yield f"| {_cell(test.id)} | {before} | {'green' if test.passed else 'red'}{_cell(detail)} |"


def _route_table(report: GateReport) -> Iterable[str]:
    rows: list[RouteChange] = [row for row in report.routes if row.before != row.after]
    if not rows:
        return
    yield from ("", f"### {_cell(report.skill)}: routes", "", "| request | before | now |", "|---|---|---|")
    for row in rows:
        yield f"| {_cell(row.query)} | {_cell(row.before or 'none')} | {_cell(row.after or 'none')} |"


def _cell(text: str) -> str:
    """Untrusted text in a Markdown table: no markup of its own."""
    blank = re.sub(r"\s+", " ", text)
    return re.sub(r"([\\`*_{}\[\]<>|!#@])", r"\\\1", blank)
