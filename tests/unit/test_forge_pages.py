"""Addresses of a forge's pages: what people wrote does not leave its place in them."""

from __future__ import annotations

import pytest

from support.cell_world import GITLAB, LOCAL, NEW, OLD, cell_town
from support.engine_world import EngineWorld
from tidegate.server.pages.forge_pages import commit_url, compare_url, evidence_url, merge_request_url


@pytest.fixture
def staged() -> EngineWorld:
    """Return a world with a merge request to staging, opened by alice."""
    town = cell_town()
    town.promote("staging")
    return town


@pytest.mark.parametrize(
    ("evidence", "rest"),
    [
        ("a/b.yaml", "a/b.yaml"),
        ("a/b.yml:3:7", "a/b.yml#L3"),
        ("a?b/../c.yaml:3", "a%3Fb/../c.yaml#L3"),
        ("e2e.example/x:1.0.0", None),
        ("1.8.2", None),
    ],
)
def test_a_place_in_a_manifest_has_a_page(staged: EngineWorld, evidence: str, rest: str | None) -> None:
    (request,) = staged.forge.merge_requests("platform/gitops-staging")
    blob = f"https://gitlab.example.com/platform/gitops-staging/-/blob/{request.head}"
    assert evidence_url(GITLAB, request, evidence) == (f"{blob}/{rest}" if rest else None)


def test_what_trailers_say_does_not_leave_its_place_in_the_url() -> None:
    base = "https://gitlab.example.com"
    assert merge_request_url(GITLAB, "platform/gitops!7") == f"{base}/platform/gitops/-/merge_requests/7"
    assert merge_request_url(GITLAB, "../x?y!7") == f"{base}/../x%3Fy/-/merge_requests/7"
    assert commit_url(GITLAB, "platform/gitops", OLD) == f"{base}/platform/gitops/-/commit/{OLD}"
    for ref in (None, "", "!7", "p!", "p!x", "p!²", f"p!{'1' * 11}"):
        assert merge_request_url(GITLAB, ref) is None
    assert merge_request_url(LOCAL, "platform/gitops!7") is None


@pytest.mark.parametrize("source", [None, "https://elsewhere.example/x.git", "/srv/x.git"])
def test_no_page_compares_what_is_not_on_the_forge(source: str | None) -> None:
    assert compare_url(GITLAB, source, OLD, NEW) is None


def test_what_a_label_says_does_not_leave_its_place_in_the_url() -> None:
    url = compare_url(GITLAB, "team/x", "../../evil?", NEW)
    assert url == f"https://gitlab.example.com/team/x/-/compare/..%2F..%2Fevil%3F...{NEW}"
