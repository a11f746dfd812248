"""Every refusal of GitHub is a sentence with the fix in it, and none shows the token."""

import pytest

from memento.errors import GitHubError
from memento.review.github.faults import refusal_of, sentence, wait_s
from memento.review.github.place import Place
from tests.review.github.loopback import TOKEN
from tests.review.situations import NOW, opened

PLACE = Place(
    host="github.com",
    owner="acme",
    name="library",
    api="https://api.github.com",
    git_url="https://github.com/acme/library.git",
)
SPENT = {"x-ratelimit-remaining": "0", "X-RateLimit-Reset": str(int(NOW) + 600)}


def said(status, message="", headers=None, errors=None):
    refusal = refusal_of(status, {"message": message, "errors": errors}, headers or {})
    return sentence(refusal, PLACE, "$GITHUB_TOKEN", NOW)


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        (
            (401, "Bad credentials"),
            "github.com does not take the token from $GITHUB_TOKEN: it has expired, or was withdrawn. "
            "Make a new one "
            "at https://github.com/settings/tokens, or run `gh auth login`.",
        ),
        (
            (403, "API rate limit exceeded for user ID 1.", SPENT),
            "The limit of requests to github.com with the token from $GITHUB_TOKEN is reached. Go on "
            "in 11 min.",
        ),
        (
            (429, "slow down", {"Retry-After": "7"}),
            "The limit of requests to github.com with the token from $GITHUB_TOKEN is reached. Go on in 7 s.",
        ),
        (
            (403, "You have exceeded a secondary rate limit."),
            "A secondary limit of requests to github.com with the token from $GITHUB_TOKEN is reached. "
            "Go on in a few minutes.",
        ),
        (
            (403, "Resource not accessible", {"X-Accepted-GitHub-Permissions": "pull_requests=write"}),
            "The token from $GITHUB_TOKEN may not do that in acme/library (Resource not accessible): "
            "it needs "
            "pull_requests=write (a classic token: repo).",
        ),
        (
            (403, "x", {"X-GitHub-SSO": "required; url=https://github.com/orgs/acme/sso?a=b"}),
            "The organisation wants single sign-on for the token from $GITHUB_TOKEN: authorise it at "
            "https://github.com/orgs/acme/sso?a=b",
        ),
        (
            (404, "Not Found"),
            "github.com knows no acme/library, or the token from $GITHUB_TOKEN may not see it: check "
            "`git remote -v`, "
            "and that the token was made for this repository with Pull requests: write.",
        ),
        (
            (409, "Head branch was modified"),
            "acme/library refuses that (Head branch was modified). Something moved meanwhile: run "
            "`memento pr sync`, "
            "then again.",
        ),
        (
            (
                422,
                "Validation Failed",
                None,
                [{"resource": "PullRequest", "field": "head", "code": "invalid"}],
            ),
            "acme/library refuses that (Validation Failed; PullRequest head invalid).",
        ),
        (
            (503,),
            "github.com has trouble of its own (503); https://www.githubstatus.com may say more. "
            "Nothing is lost: try "
            "again later.",
        ),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_a_refusal_names_the_fix(given, wanted):
    assert said(*given) == wanted


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "3"}, 3.0),
        (SPENT, 601.0),
        ({"X-RateLimit-Remaining": "12", "X-RateLimit-Reset": str(int(NOW) + 600)}, None),
        ({"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}, None),
    ],
)
def test_how_long_a_limit_lasts_is_read_from_the_headers(headers, seconds):
    assert wait_s(refusal_of(429, {}, headers), NOW) == seconds


def test_a_limit_that_ends_soon_is_waited_for_once(library, hub, desk):
    hub.fail("GET /repos", 429, headers={"Retry-After": "5"})
    assert desk.publish(opened(library).id).created
    assert desk.waited == [5.0]


def test_a_limit_that_lasts_is_an_error_that_says_until_when(library, hub, desk):
    hub.fail("GET /repos", 403, "API rate limit exceeded", headers=SPENT)
    with pytest.raises(GitHubError, match="Go on in 11 min"):
        desk.publish(opened(library).id)
    assert desk.waited == []


def test_a_limit_that_comes_again_is_not_waited_for_twice(library, hub, desk):
    hub.fail("GET /repos", 429, headers={"Retry-After": "5"}, times=2)
    with pytest.raises(GitHubError, match="Go on in 5 s"):
        desk.publish(opened(library).id)
    assert desk.waited == [5.0]


def test_a_read_is_repeated_when_github_stumbles_and_a_write_is_not(library, hub, desk):
    hub.fail("GET /repos", 502)
    hub.fail("POST /repos/acme/library/pulls", 502)
    with pytest.raises(GitHubError, match="has trouble of its own"):
        desk.publish(opened(library).id)
    assert hub.asked.count("GET /repos/acme/library/pulls") == 2
    assert hub.asked.count("POST /repos/acme/library/pulls") == 1


@pytest.mark.parametrize("status", [401, 403, 404, 422])
def test_an_error_exits_with_4_and_never_shows_the_token(library, hub, desk, status):
    hub.fail("GET /repos", status)
    with pytest.raises(GitHubError) as raised:
        desk.publish(opened(library).id)
    assert raised.value.exit_code == 4
    assert TOKEN not in f"{raised.value!r} {desk.publish.connection!r}"
