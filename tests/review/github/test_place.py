"""Which GitHub, and whose token: none goes to a host that it was not meant for."""

import pytest

from memento.errors import GitHubError
from memento.review.github.place import place_of, token_of

CLOUD = {"GITHUB_TOKEN": "ghp_cloud"}


def nobody(host):
    return None


@pytest.mark.parametrize(
    ("address", "environ", "api", "git_url"),
    [
        (
            "https://github.com/ada/library",
            {},
            "https://api.github.com",
            "https://github.com/ada/library.git",
        ),
        (
            "git@github.com:ada/library.git",
            {},
            "https://api.github.com",
            "https://github.com/ada/library.git",
        ),
        (
            "ssh://git@ssh.github.com:443/ada/library",
            {},
            "https://api.github.com",
            "https://github.com/ada/library.git",
        ),
        (
            "https://ada:pw@github.com/ada/library/",
            {},
            "https://api.github.com",
            "https://github.com/ada/library.git",
        ),
        ("https://acme.ghe.com/a/b.git", {}, "https://api.acme.ghe.com", "https://acme.ghe.com/a/b.git"),
        (
            "https://ghe.example.org/a/b",
            {},
            "https://ghe.example.org/api/v3",
            "https://ghe.example.org/a/b.git",
        ),
        (
            "https://ghe.example.org:8443/a/b",
            {"GITHUB_API_URL": "https://ghe.example.org:8443/other"},
            "https://ghe.example.org:8443/other",
            "https://ghe.example.org:8443/a/b.git",
        ),
        (
            "https://ghe.example.org/a/b",
            {"GITHUB_API_URL": "https://api.github.com"},
            "https://ghe.example.org/api/v3",
            "https://ghe.example.org/a/b.git",
        ),
    ],
)
def test_an_address_names_a_place(address, environ, api, git_url):
    place = place_of(address, environ)
    assert (place.api, place.git_url) == (api, git_url)


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("http://github.com/a/b", "is not encrypted"),
        ("/srv/git/library.git", "no address of a GitHub"),
        ("file:///srv/a/b", "no address of a GitHub"),
        ("https://github.com/a", "names no repository"),
        ("https://github.com/a/b/c", "names no repository"),
        ("ext::sh -c touch% /tmp/x", "names no repository|no address"),
        ("https://ada:hunter2@github.com/a/b/c", "https://github.com/a/b/c"),
    ],
)
def test_any_other_address_is_refused_without_its_password(address, words):
    with pytest.raises(GitHubError, match=words) as raised:
        place_of(address, {})
    assert "hunter2" not in str(raised.value)


@pytest.mark.parametrize(
    ("environ", "source"),
    [
        ({"GITHUB_TOKEN": "a", "GH_TOKEN": "b"}, "$GITHUB_TOKEN"),
        ({"GH_TOKEN": "b", "GITHUB_TOKEN": " "}, "$GH_TOKEN"),
        ({}, "`gh auth token --hostname github.com`"),
    ],
)
def test_the_token_is_that_of_the_environment_or_of_gh_and_its_source_is_named(environ, source):
    token = token_of(place_of("https://github.com/a/b", {}), environ, lambda host: "from-gh")
    assert token.source == source
    assert token.value not in repr(token)


def test_a_token_for_github_com_goes_to_no_other_host_by_itself():
    place = place_of("https://evil.example/a/b", {})
    with pytest.raises(GitHubError, match=r"set \$GH_ENTERPRISE_TOKEN"):
        token_of(place, CLOUD, nobody)
    assert token_of(place, {**CLOUD, "GH_ENTERPRISE_TOKEN": "e"}, nobody).value == "e"
    assert token_of(place, {**CLOUD, "GH_HOST": "evil.example"}, nobody).value == "ghp_cloud"


def test_an_enterprise_token_does_not_go_to_github_com():
    with pytest.raises(GitHubError, match=r"set \$GITHUB_TOKEN, or log in with `gh auth login`"):
        token_of(place_of("https://github.com/a/b", {}), {"GH_ENTERPRISE_TOKEN": "e"}, nobody)


@pytest.mark.parametrize("value", ["a b", "a\nX-Evil: 1", "a\x00b", "é"])
def test_what_would_break_out_of_a_header_is_no_token(value):
    with pytest.raises(GitHubError, match="is no token"):
        token_of(place_of("https://github.com/a/b", {}), {"GITHUB_TOKEN": value}, nobody)
