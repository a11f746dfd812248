"""GitHub's published description: what a request and an answer must look like, and the least that fits.

github.json is cut from npm's @octokit/openapi (MIT, see LICENSE beside it) by cut.py.
"""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from jsonschema import Draft202012Validator
from referencing import Registry, Resource

FILE = Path(__file__).parent / "openapi" / "github.json"
ROOT = "urn:github"


@cache
def whole() -> dict[str, Any]:
    return json.loads(FILE.read_text("utf-8"))


@cache
def _registry() -> Registry:
    from referencing.jsonschema import DRAFT202012

    return Registry().with_resource(ROOT, Resource(contents=whole(), specification=DRAFT202012))


@cache
def _validator(pointer: str) -> Draft202012Validator:
    schema = {"$ref": f"{ROOT}#{pointer}"}
    return Draft202012Validator(schema, registry=_registry())


@cache
def operation(verb: str, path: str) -> str | None:
    """The pointer to an operation; None when GitHub has none, or Memento is not known to use it."""
    for template, item in whole()["paths"].items():
        pattern = re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(template))
        if re.fullmatch(pattern, path) and verb.lower() in item:
            return f"/paths/{template.replace('~', '~0').replace('/', '~1')}/{verb.lower()}"
    return None


def at(pointer: str) -> Any:
    """What a pointer leads to, references followed."""
    found: Any = whole()
    for part in pointer.split("/")[1:]:
        found = found[part.replace("~1", "/").replace("~0", "~")]
    return at(found["$ref"][1:]) if isinstance(found, dict) and "$ref" in found else found


def wrong_request(verb: str, target: str, body: Any) -> str | None:
    """Why GitHub would not understand this request; None when it would."""
    parts = urlsplit(target)
    pointer = operation(verb, parts.path)
    if pointer is None:
        return f"{verb} {parts.path} is not in the description"
    known = {
        found["name"]: found["schema"]
        for found in (at(p["$ref"][1:]) if "$ref" in p else p for p in at(pointer).get("parameters", []))
        if found["in"] == "query"
    }
    for name, (value, *_) in parse_qs(parts.query).items():
        if name not in known:
            return f"{verb} {parts.path} has no parameter {name}"
        if known[name].get("enum") and value not in known[name]["enum"]:
            return f"{name}={value} is none of {known[name]['enum']}"
    if "requestBody" not in at(pointer):
        return None if body is None else f"{verb} {parts.path} takes no body"
    place = f"{pointer}/requestBody/content/application~1json/schema"
    unknown = set(body) - set(at(place).get("properties", body)) if isinstance(body, dict) else set()
    return f"{verb} {parts.path} has no {unknown} in its body" if unknown else _first_error(place, body)


def wrong_answer(verb: str, path: str, status: int, body: Any) -> str | None:
    """Why GitHub would not answer like that. An error that the description leaves out is a `basic-error`."""
    pointer = operation(verb, path)
    answers = at(pointer)["responses"]
    if str(status) not in answers:
        return _first_error("/components/schemas/basic-error", body) if status >= 400 else f"no {status}"
    reference = answers[str(status)].get("$ref")
    place = reference[1:] if reference else f"{pointer}/responses/{status}"
    if "content" not in at(place):
        return None
    return _first_error(f"{place}/content/application~1json/schema", body)


def _first_error(pointer: str, value: Any) -> str | None:
    error = next(iter(_validator(pointer).iter_errors(value)), None)
    return f"{error.json_path}: {error.message[:300]}" if error else None


def least(schema: Any, depth: int = 0) -> Any:
    """The smallest value that fits a schema: what is required, and no more."""
    if "$ref" in schema:
        return least(at(schema["$ref"][1:]), depth)
    if "enum" in schema:
        return schema["enum"][0]
    for word in ("anyOf", "oneOf"):
        if word in schema:
            kinds = schema[word]
            return None if {"type": "null"} in kinds else least(kinds[0], depth)
    if "allOf" in schema:
        return {key: value for part in schema["allOf"] for key, value in least(part, depth).items()}
    if "properties" in schema or schema.get("type") == "object":
        wanted = schema.get("required", ())
        return {key: least(schema["properties"][key], depth + 1) for key in wanted}
    plain = {"array": [], "integer": 1, "number": 1, "boolean": False}
    texts = {"uri": "https://example.org/", "date-time": "2026-01-01T00:00:00Z"}
    return plain.get(schema.get("type"), texts.get(schema.get("format"), "x"))


def named(schema: str, **values: Any) -> dict[str, Any]:
    """The least object of a schema, with these values in it."""
    return {**least({"$ref": f"#/components/schemas/{schema}"}), **values}
