"""A proposal becomes one pull request."""

from tests.review.situations import opened


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
