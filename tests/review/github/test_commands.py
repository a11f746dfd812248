"""memento pr as a person runs it, and the loop that puts its proposals before people by itself."""

from dataclasses import replace

import pytest

from memento.assemble.ambience import Ambience
from memento.assemble.reviews import announcing
from memento.changes import Announced, Disposition, Landing
from memento.cli.say import sentence
from memento.errors import GitHubError
from memento.review.github.connecting import connect
from tests.command import run, scrubbed
from tests.library.changes import GREEN, UNSURE
from tests.review.github.loopback import TOKEN
from tests.review.situations import opened


def memento(library, hub, *arguments, **environ):
    clean = {**scrubbed(library.root.parent), **hub.environ, **environ}
    return run(*arguments, cwd=library.root, env=clean)


def test_a_person_opens_a_pull_request_and_learns_of_its_merge(library, hub):
    proposal = opened(library)
    done = memento(library, hub, "pr", "greeter", "--json")
    assert done.code == 0, done.err
    assert done.json() == {
        "proposal": proposal.id,
        "number": 1,
        "url": f"{hub.root}/acme/library/pull/1",
        "created": True,
        "draft": False,
        "notes": [],
    }
    assert done.err == "  token    that of $GITHUB_TOKEN\n"
    hub.merge(1, "squash")
    done = memento(library, hub, "pr", "sync")
    assert (done.code, done.out) == (0, "")
    assert done.err.splitlines()[1:] == [
        f"  merged   #1 {proposal.id} greeter",
        "           the checkout follows",
    ]
    assert memento(library, hub, "pr", "sync", "--json").out == "[]\n"
    assert library.tip() == hub.branches()["main"]


def test_an_expired_token_ends_with_4_and_one_sentence(library, hub):
    done = memento(library, hub, "pr", opened(library).id, GITHUB_TOKEN="ghp_old")
    assert (done.code, done.out) == (4, "")
    assert "does not take the token" in done.err
    assert "ghp_old" not in done.err
    assert "Traceback" not in done.err


def test_what_waits_after_a_look_ends_with_5(library, hub):
    proposal = opened(library, answer=UNSURE)
    assert "opened   #1 as a draft" in memento(library, hub, "pr", proposal.id).err
    hub.comment(1, "In French.\u202e\x1b[31m")
    done = memento(library, hub, "pr", "sync")
    assert done.code == 5
    assert "1 new comment" in done.err
    assert "set a model" in done.err


def test_a_library_without_a_remote_says_how_to_get_one(library):
    with pytest.raises(GitHubError, match=r"git remote add origin https://github.com/OWNER/NAME"):
        connect(library, {}, gh=lambda host: None, now=lambda: 0.0, sleep=lambda seconds: None)


def test_a_library_of_sha_256_is_refused(make_library, git):
    library = make_library("wide", "--object-format=sha256")
    git("remote", "add", "origin", "https://github.com/ada/library.git", cwd=library.root)
    with pytest.raises(GitHubError, match="SHA-256, which GitHub does not take"):
        connect(library, {"GH_TOKEN": TOKEN}, gh=lambda host: None, now=lambda: 0.0, sleep=lambda _: None)


def test_a_fork_pushes_to_its_origin_and_asks_upstream(library, hub, git):
    git("remote", "add", "upstream", "https://github.com/big/library.git", cwd=library.root)
    git("remote", "set-url", "origin", "git@github.com:ada/library.git", cwd=library.root)
    found = connect(
        library, {"GH_TOKEN": TOKEN}, gh=lambda host: None, now=lambda: 0.0, sleep=lambda seconds: None
    )
    assert found.hub.place.full_name == "big/library"
    assert (found.owner, found.ours.url) == ("ada", "https://github.com/ada/library.git")
    assert found.there.url == "https://github.com/big/library.git"


# ------------------------------------------------------------ the loop


def told_about(library, hub, disposition=Disposition.OPEN):
    proposal = opened(library)
    landing = Landing(proposal=proposal, disposition=disposition, report=replace(GREEN, skill=proposal.skill))
    heard = []
    announcing(heard.append, library, hub.environ, Ambience())(landing)
    return proposal, landing, heard


def test_an_open_proposal_of_the_loop_becomes_a_pull_request(library, hub):
    proposal, landing, heard = told_about(library, hub)
    url = f"{hub.root}/acme/library/pull/1"
    assert heard == [landing, Announced(proposal=proposal, url=url)]
    assert sentence(heard[1]) == f"  github   {url}"


def test_github_in_trouble_never_ends_a_run_and_the_way_on_is_said(library, hub):
    hub.fail("GET /repos", 502, times=3)
    proposal, landing, heard = told_about(library, hub)
    assert heard[0] == landing
    assert "has trouble of its own" in heard[1].trouble
    assert sentence(heard[1]).endswith(f"it stays open here; `memento pr {proposal.id}` tries again")
    assert [p.id for p in library.proposals()] == [proposal.id]


@pytest.mark.parametrize("disposition", [Disposition.LANDED, Disposition.DISCARDED])
def test_what_is_decided_already_is_not_put_before_anybody(library, hub, disposition):
    _, landing, heard = told_about(library, hub, disposition)
    assert (heard, hub.asked) == ([landing], [])
