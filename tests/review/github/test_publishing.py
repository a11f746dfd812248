"""A proposal becomes one pull request, whatever GitHub makes of that."""

import os
from pathlib import Path

import pytest

from memento.errors import GitHubError
from tests.library.changes import UNSURE, propose, rewritten
from tests.review.github.loopback import TOKEN
from tests.review.situations import AGENT, hands, opened

WRITES = ("POST", "PATCH", "git POST")


def written(hub):
    return [asked for asked in hub.asked if asked.startswith(WRITES) and "upload-pack" not in asked]


def test_a_proposal_is_pushed_and_becomes_a_pull_request_with_its_evidence(library, hub, desk):
    proposal = opened(library)
    done = desk.publish(proposal.id)
    (pull,) = hub.pulls
    assert hub.branches()[proposal.branch] == proposal.commit
    assert (done.number, done.created, done.draft, done.notes) == (1, True, False, ())
    assert done.url == f"{hub.root}/acme/library/pull/1"
    assert (pull.title, pull.head, pull.base) == (
        "greeter: say Say hello and goodbye.",
        proposal.branch,
        "main",
    )
    assert "planning: it never says goodbye" in pull.body
    assert pull.labels == ["skill:greeter", "gate:pass"]


def test_publishing_again_updates_the_same_pull_request(library, hub, desk):
    proposal = opened(library, answer=UNSURE)
    first = desk.publish(proposal.id)
    hub.pulls[0].labels.append("urgent")
    folder = rewritten(library, "greeter", "Say hello, then goodbye.").folder
    hands(library).edit(proposal.id, folder, library.at().test("greeter"))
    again = desk.publish(proposal.id)
    assert (first.created, first.draft, again.created, again.number) == (True, True, False, 1)
    assert [pull.head for pull in hub.pulls] == [proposal.branch]
    assert hub.branches()[proposal.branch] == library.proposals()[0].commit != proposal.commit
    assert sorted(hub.pulls[0].labels) == ["gate:indecisive", "skill:greeter", "urgent"]


def test_an_undecided_one_is_a_draft_and_a_whole_one_where_there_are_no_drafts(library, hub, desk):
    hub.drafts = False
    done = desk.publish(opened(library, answer=UNSURE).id)
    assert (done.draft, len(done.notes), "no drafts" in done.notes[0]) == (False, 1, True)


def test_the_owners_are_asked_but_not_the_author(library, hub, desk):
    library.commit_files(
        {"CODEOWNERS": b"skills/ @memento-bot @ada @acme/reviewers eve@example.org\n"}, "x", {}
    )
    hub.git("fetch", "-q", str(library.root), "+main:main")
    desk.publish(opened(library).id)
    assert (hub.pulls[0].people, hub.pulls[0].teams) == (["ada"], ["reviewers"])


def test_what_the_token_may_not_set_is_a_note_and_no_failure(library, hub, desk):
    proposal = opened(library)
    for status in (403, 404, 422):
        hub.fail("PATCH /repos/acme/library/issues/1", status, "Resource not accessible")
        done = desk.publish(proposal.id)
        assert (done.number, len(done.notes)) == (1, 1)
        assert done.notes[0].startswith("the labels could not be set: ")


def test_an_answer_that_was_lost_does_not_make_a_second_pull_request(library, hub, desk):
    proposal = opened(library)
    hub.fail("POST /repos/acme/library/pulls", 502, lost=True)
    with pytest.raises(GitHubError, match="has trouble of its own"):
        desk.publish(proposal.id)
    assert desk.publish(proposal.id).created is False
    assert len(hub.pulls) == 1


def test_a_pull_request_that_somebody_opened_meanwhile_is_taken(library, hub, desk):
    proposal = opened(library)
    hub.fail("POST /repos/acme/library/pulls", 422, "Validation Failed", lost=True,
             errors=[{"code": "custom", "message": "A pull request already exists for acme:x."}])  # fmt: skip
    assert desk.publish(proposal.id).number == 1
    assert len(hub.pulls) == 1


def test_it_is_found_among_many_pages(library, hub, desk):
    proposal = opened(library)
    desk.publish(proposal.id)
    hub.page = 1
    for number in range(2, 4):
        hub.pulls.append(type(hub.pulls[0])(**{**vars(hub.pulls[0]), "number": number, "state": "closed"}))
    done = desk.publish(proposal.id)
    assert (done.number, done.created) == (1, False)
    assert hub.asked.count("GET /repos/acme/library/pulls") == 4


# ------------------------------------------------------------ what is not pushed


def test_a_credential_in_any_commit_stays_here(library, hub, desk):
    body = f"Log in with {TOKEN}."
    proposal = propose(library, rewritten(library, "greeter", body), trailers=AGENT)
    folder = rewritten(library, "greeter", "Say hello.").folder
    edited = {**folder, "extra.md": type(folder["SKILL.md"])(data=b"x\n")}
    hands(library).edit(proposal.id, edited, library.at().test("greeter"))
    with pytest.raises(GitHubError, match="holds a credential, so it is not pushed"):
        desk.publish(proposal.id)
    assert written(hub) == []


def test_a_credential_in_a_message_stays_here(library, hub, desk):
    words = {**AGENT, "Memento-Blame": f"planning: it used {TOKEN}"}
    proposal = propose(library, rewritten(library, "greeter", "Say hello."), trailers=words)
    with pytest.raises(GitHubError, match="holds a credential"):
        desk.publish(proposal.id)
    assert written(hub) == []


def test_commits_of_main_that_github_lacks_are_not_smuggled_in(library, hub, desk):
    library.commit_files({"tips.md": b"- one\n"}, "tips", {})
    with pytest.raises(GitHubError, match="git push origin main"):
        desk.publish(opened(library).id)
    assert written(hub) == []


def test_what_somebody_else_pushed_is_never_overwritten(library, hub, desk):
    proposal = opened(library)
    desk.publish(proposal.id)
    strange = hub.git("commit-tree", f"{proposal.commit}^{{tree}}", "-p", proposal.commit, "-m", "mine")
    hub.git("update-ref", f"refs/heads/{proposal.branch}", strange)
    with pytest.raises(GitHubError, match=r"Somebody pushed to .* is not overwritten"):
        desk.publish(proposal.id)
    assert hub.branches()[proposal.branch] == strange


def test_one_that_is_closed_is_left_to_sync(library, hub, desk):
    proposal = opened(library)
    desk.publish(proposal.id)
    hub.close(1)
    with pytest.raises(GitHubError, match=r"is closed already\. `memento pr sync`"):
        desk.publish(proposal.id)


# ------------------------------------------------------------ git


def test_no_setting_of_the_repository_runs_anything_or_leads_elsewhere(library, hub, desk, git, tmp_path):
    trap = tmp_path / "trap"
    for key in ("credential.helper", "core.askPass", "core.sshCommand", "core.gitProxy"):
        git("config", key, f"!touch {trap}", cwd=library.root)
    git("config", "url.http://127.0.0.1:9/.insteadOf", hub.root, cwd=library.root)
    git("config", "http.proxy", "http://127.0.0.1:9", cwd=library.root)
    hook = library.root / ".git/hooks/pre-push"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch {trap}\n", "utf-8")
    hook.chmod(0o755)
    assert desk.publish(opened(library).id).created
    assert not trap.exists()


def test_the_token_is_on_no_command_line_and_in_no_file(library, hub, desk, tmp_path, monkeypatch):
    shim = tmp_path / "bin"
    shim.mkdir()
    log = tmp_path / "log"
    real = next(Path(p) / "git" for p in os.environ["PATH"].split(":") if (Path(p) / "git").exists())
    (shim / "git").write_text(f'#!/bin/sh\nprintf "%s\\n" "$*" >> {log}\nexec {real} "$@"\n', "utf-8")
    (shim / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{shim}:{os.environ['PATH']}")
    desk.publish(opened(library).id)
    said = log.read_text("utf-8")
    assert "push" in said
    for word in (TOKEN, "Authorization", "Basic"):
        assert word not in said
    for file in library.root.rglob("*"):
        assert not file.is_file() or TOKEN.encode() not in file.read_bytes()


def test_a_redirection_is_not_followed_with_the_token(library, hub, desk):
    elsewhere = {"Location": f"{hub.root}/else/where.git/info/refs?service=git-upload-pack"}
    hub.fail("git GET", 301, headers=elsewhere)
    with pytest.raises(GitHubError, match="git remote set-url"):
        desk.publish(opened(library).id)
    assert not any("else" in asked for asked in hub.asked)


@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        (401, "does not take the token"),
        (403, "Contents: write"),
        (404, "git remote -v"),
        (500, "git fetch failed"),
    ],
)
def test_what_git_is_refused_is_a_sentence_with_the_fix_in_it(library, hub, desk, status, sentence):
    hub.fail("git GET", status, times=1)
    with pytest.raises(GitHubError, match=sentence) as raised:
        desk.publish(opened(library).id)
    assert TOKEN not in str(raised.value)


def test_a_protected_branch_is_named(library, hub, desk):
    hook = hub.bare / "hooks/pre-receive"
    hook.parent.mkdir()
    hook.write_text("#!/bin/sh\necho 'error: GH006: Protected branch update failed' >&2\nexit 1\n", "utf-8")
    hook.chmod(0o755)
    with pytest.raises(GitHubError, match="A rule of the repository forbids"):
        desk.publish(opened(library).id)
