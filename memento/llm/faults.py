"""Accidents of an endpoint, as one taxonomy. Each message ends with what to do.

status        kind         tried again
401, 403      auth         no
404           not-found    no
400, 422      refused      no, but in a weaker form where there is one; too-long never
402           quota        no
408, 504      timeout      yes
429           rate-limit   yes; quota (nothing left to spend) no
other 4xx     refused      no
5xx           server       yes; refused where it is a feature that the server lacks
no answer     connection   yes (nothing listens, DNS, TLS, dropped)
silence       timeout      yes

The endpoint's own words are quoted, cut, and with the key blotted out: some endpoints echo it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from memento.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from openai import APIStatusError

QUOTED = 300


class RefusedError(ModelError):
    """The endpoint does not take the request in this form (400, 422)."""

    def __init__(self, message: str, *, said: str) -> None:
        super().__init__(message, kind="refused")
        self.said = said

    def names(self, *settings: str) -> bool:
        """Whether the endpoint complains about one of these settings."""
        said = self.said.lower()
        return any(setting in said for setting in settings)


class ThrottledError(ModelError):
    """The endpoint asks to wait; None when it does not say how long."""

    def __init__(self, message: str, *, retry_after_s: float | None) -> None:
        super().__init__(message, kind="rate-limit", retryable=True)
        self.retry_after_s = retry_after_s


@contextmanager
def named(endpoint: str, model: str, key: str) -> Iterator[None]:
    """Turns what the SDK and its HTTP client raise inside the block into ModelError."""
    import httpx2
    import openai

    # `from None`: the chained errors hold the request with its headers and the endpoint's raw words.
    try:
        yield
    except openai.APIStatusError as error:
        raise _status(error, endpoint, model, key) from None
    except (openai.APITimeoutError, httpx2.TimeoutException):
        raise ModelError(
            f"{endpoint} fell silent. Check that the model is loaded, or raise the model's timeout.",
            kind="timeout",
            retryable=True,
        ) from None
    except (openai.APIConnectionError, httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise ModelError(
            f"{endpoint} cannot be reached ({_cause(error)}). Start the endpoint, or check the base URL.",
            kind="connection",
            retryable=True,
        ) from None
    except openai.OpenAIError as error:
        raise ModelError(f"The call to {endpoint} failed: {_blot(str(error), key)}") from None


def _status(error: "APIStatusError", endpoint: str, model: str, key: str) -> ModelError:
    status, said = error.status_code, _blot(_words(error), key)
    code = str(error.code or "")
    if status in {401, 403}:
        return ModelError(
            f"{endpoint} refuses the key ({status}): {said}. Check OPENAI_API_KEY.", kind="auth"
        )
    if _lacks_a_feature(status, said):
        return RefusedError(f"{endpoint} refuses the request ({status}): {said}.", said=said)
    if status == 402:
        return ModelError(
            f"{endpoint}: nothing is left to spend (402): {said}. Check the account.", kind="quota"
        )
    if status == 404:
        return ModelError(
            f"{endpoint} does not know the model {model!r} or the path (404): {said}. "
            "Check --model and the base URL; it usually ends in /v1.",
            kind="not-found",
        )
    if status == 429:
        return _limited(error, endpoint, said, code)
    if status in {408, 504}:
        return ModelError(f"{endpoint} took too long ({status}). Try again.", kind="timeout", retryable=True)
    if status >= 500:
        return ModelError(
            f"{endpoint} failed ({status}): {said}. Try again later, or use another endpoint.",
            kind="server",
            retryable=True,
        )
    if code == "context_length_exceeded":
        return ModelError(
            f"The conversation is too long for {model}: {said}. Use a model with a larger context.",
            kind="too-long",
        )
    message = f"{endpoint} refuses the request ({status}): {said}. Check what the model supports."
    if status in {400, 422}:
        return RefusedError(message, said=said)
    return ModelError(message, kind="refused")


def _lacks_a_feature(status: int, said: str) -> bool:
    """Whether a 404 or a 5xx is a refusal of a feature, as routers (404) and llama.cpp (500) say it."""
    words = said.lower()
    if status == 404:
        return "support tool" in words or "support function" in words or "response_format" in words
    return status in {500, 501} and ("--jinja" in words or "unsupported param" in words)


def _limited(error: "APIStatusError", endpoint: str, said: str, code: str) -> ModelError:
    if code == "insufficient_quota":
        return ModelError(f"{endpoint}: nothing is left to spend: {said}. Check the account.", kind="quota")
    wait = retry_after_s(error.response.headers)
    asked = f" and asks to wait {wait:g} s" if wait is not None else ""
    return ThrottledError(
        f"{endpoint} limits the rate (429){asked}: {said}. Wait, or lower the number of workers.",
        retry_after_s=wait,
    )


def retry_after_s(headers: "Mapping[str, str]") -> float | None:
    """Seconds that the endpoint asks to wait (RFC 9110, 10.2.3); None when it does not say."""
    text = headers.get("retry-after", "").strip()
    try:
        return max(0.0, float(text))
    except ValueError:
        pass
    try:
        # A date is measured against the endpoint's own clock; ours may be wrong.
        wait = parsedate_to_datetime(text) - parsedate_to_datetime(headers.get("date", ""))
    except (ValueError, TypeError):
        return None
    return max(0.0, wait.total_seconds())


def _words(error: "APIStatusError") -> str:
    body = error.body
    if isinstance(body, list) and body:  # Gemini puts its error into a list
        body = body[0]
    if isinstance(body, dict):
        inner = body.get("error", body)
        message = inner.get("message") if isinstance(inner, dict) else inner
        return str(message or "no reason given")
    text = str(body or "no reason given")
    return "a web page" if text.lstrip()[:1] == "<" else text


def _cause(error: BaseException) -> str:
    """The innermost reason, in one line: "Connection refused" says more than "Connection error"."""
    while (inner := error.__cause__ or error.__context__) is not None:
        error = inner
    return " ".join(str(error).split())[:QUOTED] or type(error).__name__


def _blot(text: str, key: str) -> str:
    text = text.replace(key, "***") if key else text
    return " ".join(text.split())[:QUOTED].rstrip(".")
