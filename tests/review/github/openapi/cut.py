"""Cuts GitHub's published OpenAPI description to the operations that Memento uses.

    npm pack @octokit/openapi && tar xzf octokit-openapi-*.tgz
    python tests/review/github/openapi/cut.py package

writes `github.json` and `LICENSE` beside this file. What it changes: other operations and schemas are left
out, and so are descriptions and examples; OpenAPI's `nullable` becomes JSON Schema's type "null".
"""

import json
import shutil
import sys
from pathlib import Path
from typing import Any

REPO = "/repos/{owner}/{repo}"
USED = {
    f"{REPO}/pulls": ("get", "post"),
    f"{REPO}/pulls/{{pull_number}}": ("get", "patch"),
    f"{REPO}/pulls/{{pull_number}}/comments": ("get",),
    f"{REPO}/pulls/{{pull_number}}/requested_reviewers": ("post",),
    f"{REPO}/pulls/{{pull_number}}/reviews": ("get",),
    f"{REPO}/issues/{{issue_number}}": ("get", "patch"),
    f"{REPO}/issues/{{issue_number}}/comments": ("get",),
}
DROPPED = {"description", "example", "examples", "externalDocs", "summary", "tags", "operationId", "links"}
NAMES = {"properties", "schemas", "parameters", "responses", "headers"}
"""Below these, a key is a name and not a keyword."""


def main(package: Path) -> None:
    whole = json.loads((package / "generated" / "api.github.com.json").read_text("utf-8"))
    paths = {
        path: {
            **(
                {"parameters": whole["paths"][path]["parameters"]}
                if "parameters" in whole["paths"][path]
                else {}
            ),
            **{verb: whole["paths"][path][verb] for verb in verbs},
        }
        for path, verbs in USED.items()
    }
    kept: dict[str, dict[str, Any]] = {}
    waiting = sorted(_references(paths))
    while waiting:
        kind, name = waiting.pop().split("/")[2:]
        if name not in kept.setdefault(kind, {}):
            kept[kind][name] = whole["components"][kind][name]
            waiting += sorted(_references(kept[kind][name]))
    cut = {
        "openapi": whole["openapi"],
        "info": {**whole["info"], "description": "cut by cut.py"},
        "paths": _lean(paths, names=True),
        "components": {kind: _lean(table, names=True) for kind, table in kept.items()},
    }
    here = Path(__file__).parent
    text = json.dumps(cut, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    (here / "github.json").write_text(text + "\n", "utf-8")
    shutil.copyfile(package / "LICENSE", here / "LICENSE")


def _references(value: Any) -> set[str]:
    if isinstance(value, dict):
        own = {value["$ref"]} if isinstance(value.get("$ref"), str) else set()
        return own.union(*(_references(inner) for key, inner in value.items() if key not in DROPPED))
    return set().union(*map(_references, value)) if isinstance(value, list) else set()


def _lean(value: Any, *, names: bool = False) -> Any:
    if isinstance(value, list):
        return [_lean(item) for item in value]
    if not isinstance(value, dict):
        return value
    kept = {
        # `parameters` of an operation is a list, and that of the components a table of names.
        key: _lean(inner, names=key in NAMES and not names and isinstance(inner, dict))
        for key, inner in value.items()
        if names or not (key in DROPPED or key.startswith("x-"))
    }
    return kept if names else _nullable(kept)


def _nullable(schema: dict[str, Any]) -> dict[str, Any]:
    if schema.pop("nullable", False) is not True:
        return schema
    return {"anyOf": [schema, {"type": "null"}]}


if __name__ == "__main__":
    main(Path(sys.argv[1]))
