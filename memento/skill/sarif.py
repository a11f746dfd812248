"""Findings as SARIF 2.1.0 (OASIS), the form that code hosts show beside the lines of a change.

One run, one tool, one rule per code; a rule's help is the fix of its first finding.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import quote

from memento import __version__

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


@dataclass(frozen=True, kw_only=True, slots=True)
class Located:
    """One finding in one file; `path` is relative to where the checkout begins, with `/` between parts."""

    path: str
    line: int
    level: Literal["error", "warning", "note"]
    rule: str
    message: str
    fix: str


def sarif(found: Iterable[Located], *, tool: str = "memento") -> str:
    """The whole document as JSON text."""
    results = list(found)
    rules: dict[str, Located] = {}
    for each in results:
        rules.setdefault(each.rule, each)
    order = sorted(rules)
    driver = {
        "name": tool,
        "semanticVersion": __version__,
        "rules": [
            {
                "id": rule,
                "shortDescription": {"text": rule.replace("-", " ")},
                "help": {"text": rules[rule].fix},
            }
            for rule in order
        ],
    }
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(each, order.index(each.rule)) for each in results],
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2, ensure_ascii=True)


def _result(found: Located, rule_index: int) -> Any:
    return {
        "ruleId": found.rule,
        "ruleIndex": rule_index,
        "level": found.level,
        "message": {"text": f"{found.message}. To mend it: {found.fix}."},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": quote(found.path)},
                    "region": {"startLine": max(1, found.line)},
                }
            }
        ],
    }
