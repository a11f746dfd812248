"""Results in the formats of other tools: pure functions from records to text.

JUnit    one suite per library; a task that was not solved is a failure, one that could not be scored an
         error, as CI servers read it
CTRF     Common Test Report Format, specVersion 1.0.0 (https://ctrf.io): passed, failed, and `other` for
         what could not be scored; retries are its retries
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from xml.sax.saxutils import quoteattr

from memento.evals.records import Identity, Record
from memento.evals.report import cause_of
from memento.types import Result

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_STATUS = {Result.PASSED: "passed", Result.FAILED: "failed", Result.UNJUDGED: "other"}
_ELEMENT = {Result.FAILED: "failure", Result.UNJUDGED: "error"}


def junit(identity: Identity, records: Sequence[Record]) -> str:
    """First attempts as one JUnit document."""
    lines = ['<?xml version="1.0" encoding="utf-8"?>', f"<testsuites name={_attribute(_title(identity))}>"]
    for library in sorted({record.library for record in records}):
        own = [record for record in records if record.library == library]
        results = Counter(record.first.result for record in own)
        lines.append(
            f'<testsuite name={_attribute(library)} tests="{len(own)}" failures="{results[Result.FAILED]}" '
            f'errors="{results[Result.UNJUDGED]}" skipped="0" time="{sum(r.first.seconds for r in own):.3f}">'
        )
        lines += [*_cases(own), "</testsuite>"]
    return "\n".join([*lines, "</testsuites>", ""])


def _cases(records: Iterable[Record]) -> Iterable[str]:
    for record in records:
        where = ".".join(part for part in (record.subject, record.level) if part) or record.library
        head = (
            f"<testcase classname={_attribute(where)} name={_attribute(record.task)} "
            f'time="{record.first.seconds:.3f}"'
        )
        element = _ELEMENT.get(record.first.result)
        why = _attribute(cause_of(record.first))
        yield f"{head}><{element} message={why}/></testcase>" if element else f"{head}/>"


def ctrf(identity: Identity, records: Sequence[Record], *, version: str) -> str:
    """First attempts as a CTRF document; durations and times are in milliseconds."""
    results = Counter(_STATUS[record.first.result] for record in records)
    start = min((record.started for record in records), default=0.0)
    stop = max((record.started + record.seconds for record in records), default=0.0)
    summary = {"tests": len(records), "passed": results["passed"], "failed": results["failed"]}
    summary |= {"pending": 0, "skipped": 0, "other": results["other"]}
    summary |= {"start": round(start * 1000), "stop": round(stop * 1000)}
    document = {
        "reportFormat": "CTRF",
        "specVersion": "1.0.0",
        "generatedBy": "memento eval",
        "runId": identity.id,
        "results": {
            "tool": {"name": "memento", "version": version},
            "summary": summary,
            "tests": [_test(record) for record in records],
            "environment": {"testEnvironment": identity.model, "extra": {"simulated": identity.simulated}},
        },
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _test(record: Record) -> dict[str, object]:
    test: dict[str, object] = {
        "name": record.task,
        "status": _STATUS[record.first.result],
        "duration": round(record.first.seconds * 1000),
        "suite": [record.library, *(part for part in (record.subject, record.level) if part)],
        "retries": len(record.attempts) - 1,
    }
    if record.first.result is not Result.PASSED:
        test["message"] = cause_of(record.first)
    return test


def _title(identity: Identity) -> str:
    stamp = "SIMULATED " if identity.simulated else ""
    return f"{stamp}{identity.dataset} {identity.split}, {identity.model}"


def _attribute(text: str) -> str:
    return quoteattr(_NOT_XML.sub("?", text))
