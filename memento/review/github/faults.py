"""What GitHub refuses, in sentences with the fix in them.

401         the token is old
403, 429    too many requests (with the time at which to go on), single sign-on, or a right is missing
404         not there, or not to be seen with this token
409, 422    something moved, exists already, or is not valid
5xx         GitHub's own trouble
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from memento.review.github.place import Place


@dataclass(frozen=True, kw_only=True, slots=True)
class Refusal:
    """An answer of GitHub that is an error; header names are in lower case."""

    status: int
    message: str
    details: tuple[str, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)

    def says(self, words: str) -> bool:
        return words.casefold() in " ".join((self.message, *self.details)).casefold()

    @property
    def is_limit(self) -> bool:
        """Whether it is about too many requests, and nothing else is wrong."""
        if self.status == 429:
            return True
        spent = self.headers.get("x-ratelimit-remaining") == "0" or "retry-after" in self.headers
        return self.status == 403 and (spent or self.says("rate limit"))


def refusal_of(status: int, data: Any, headers: Mapping[str, str]) -> Refusal:
    """The answer as it came, read leniently."""
    body = data if isinstance(data, dict) else {}
    errors = body.get("errors")
    said = [_detail(error) for error in errors] if isinstance(errors, list) else []
    return Refusal(
        status=status,
        message=str(body.get("message") or ""),
        details=tuple(filter(None, said)),
        headers={name.lower(): str(value) for name, value in headers.items()},
    )


def wait_s(refusal: Refusal, now: float) -> float | None:
    """Seconds until a limit ends; None when nobody said."""
    after, reset = refusal.headers.get("retry-after", ""), refusal.headers.get("x-ratelimit-reset", "")
    if after.isdigit():
        return float(after)
    if refusal.headers.get("x-ratelimit-remaining") == "0" and reset.isdigit():
        return max(0.0, float(reset) - now) + 1
    return None


def sentence(refusal: Refusal, place: Place, source: str, now: float) -> str:
    """What happened and what to do about it; `source` is where the token came from."""
    if refusal.is_limit:
        return _limit(refusal, place, source, now)
    status, said = refusal.status, _said(refusal)
    if status == 401:
        return (
            f"{place.host} does not take the token from {source}: it has expired, or was withdrawn. Make a "
            f"new one at https://{place.host}/settings/tokens, or run `gh auth login`."
        )
    if status == 403:
        return _forbidden(refusal, place, source)
    if status == 404:
        return (
            f"{place.host} knows no {place.full_name}, or the token from {source} may not see it: check "
            "`git remote -v`, and that the token was made for this repository with Pull requests: write."
        )
    if status in (409, 422):
        moved = "Something moved meanwhile: run `memento pr sync`, then again." if status == 409 else ""
        return f"{place.full_name} refuses that{said}. {moved}".rstrip()
    if status >= 500:
        return (
            f"{place.host} has trouble of its own ({status}); https://www.githubstatus.com may say more. "
            "Nothing is lost: try again later."
        )
    return f"{place.host} answered {status}{said}."


def _limit(refusal: Refusal, place: Place, source: str, now: float) -> str:
    wait = wait_s(refusal, now)
    when = (
        "in a few minutes"
        if wait is None
        else f"in {math.ceil(wait / 60)} min"
        if wait > 90
        else f"in {wait:.0f} s"
    )
    which = "a secondary limit" if refusal.says("secondary") or refusal.says("abuse") else "the limit"
    asked = f"requests to {place.host} with the token from {source}"
    return f"{which.capitalize()} of {asked} is reached. Go on {when}."


def _forbidden(refusal: Refusal, place: Place, source: str) -> str:
    sso = re.search(r"url=(https://\S+)", refusal.headers.get("x-github-sso", ""))
    if sso:
        return f"The organisation wants single sign-on for the token from {source}: authorise it at {sso[1]}"
    wanted = refusal.headers.get("x-accepted-github-permissions") or refusal.headers.get(
        "x-accepted-oauth-scopes"
    )
    need = f"{wanted[:100]}" if wanted else "Contents: write and Pull requests: write"
    return (
        f"The token from {source} may not do that in {place.full_name}{_said(refusal)}: it needs {need} "
        "(a classic token: repo)."
    )


def _said(refusal: Refusal) -> str:
    words = "; ".join(part for part in (refusal.message, *refusal.details) if part)
    return f" ({' '.join(words.split())[:300]})" if words else ""


def _detail(error: object) -> str:
    if not isinstance(error, dict):
        return str(error)
    if error.get("message"):
        return str(error["message"])
    return " ".join(str(error[key]) for key in ("resource", "field", "code") if error.get(key))
