"""Every refusal of GitLab's that is known is told apart, and speaks to a person."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tidegate.errors import TidegateError
from tidegate.errors.forge import (
    ForgeFailed,
    ForgeForbidden,
    ForgeRefused,
    ForgeThrottled,
    ForgeUnauthorized,
    HeadMoved,
    MergeBlocked,
    MergeRequestExists,
    ProjectMissing,
)
from tidegate.forge.gitlab.errors import failure, said

ALL: list[dict[str, Any]] = json.loads((Path(__file__).parents[1] / "data/gitlab/errors.json").read_text())
KNOWN = [row for row in ALL if "repository/" not in row["call"]]
"""Of the calls that Tidegate makes: what it writes to a repository, it pushes with git."""
PATHS = {
    "PUT merge": "PUT /projects/a/b/merge_requests/3/merge",
    "PUT merge | POST approve": "POST /projects/a/b/merge_requests/3/approve",
    "POST merge_requests": "POST /projects/a/b/merge_requests",
    "PUT rebase": "PUT /projects/a/b/merge_requests/3/rebase",
    "unknown route, or EE-only route on CE": "GET /projects/a/b/merge_requests/3/approval_state",
}
KINDS = [
    MergeBlocked, MergeBlocked, MergeBlocked, HeadMoved, ForgeRefused, ForgeForbidden, MergeRequestExists, ForgeRefused,
    ForgeRefused, ForgeForbidden, ForgeFailed, ProjectMissing, ForgeRefused, ForgeUnauthorized, ForgeUnauthorized,
    ForgeForbidden, ForgeThrottled, ForgeThrottled,
]  # fmt: skip


def told(row: dict[str, Any]) -> TidegateError:
    call = PATHS.get(row["call"], "GET /projects/a/b/merge_requests")
    body = row["text"] if "text" in row else json.dumps(row["body"])
    return failure(call, "here", row["status"], body.encode())


def test_each_known_refusal_is_of_its_kind() -> None:
    assert [type(told(row)) for row in KNOWN] == KINDS


def test_each_known_refusal_has_words_of_its_own() -> None:
    sentences = [str(told(row)).partition(" (GitLab:")[0] for row in KNOWN]
    assert len(set(sentences)) == len(KNOWN)
    assert all(told(row).hint for row in KNOWN)


@pytest.mark.parametrize("row", KNOWN, ids=lambda row: f"{row['status']}-{row['call']}"[:40])
def test_gitlab_s_own_words_are_not_lost(row: dict[str, Any]) -> None:
    assert f"(GitLab: {row['status']}" in str(told(row))
    words = said((row.get("text") or json.dumps(row["body"])).encode())
    assert words.removeprefix("error: ").removeprefix(str(row["status"])).strip() in str(told(row))


def test_only_what_may_pass_is_tried_again() -> None:
    retried = {type(told(row)) for row in KNOWN if told(row).retryable}
    assert retried == {ForgeThrottled, ForgeFailed, HeadMoved}


@pytest.mark.parametrize(
    ("status", "body", "kind", "shown"),
    [
        (502, b"<html>Bad gateway</html>", ForgeFailed, "(GitLab: 502)"),
        (500, b'{"message":"500 Internal Server Error"}', ForgeFailed, "(GitLab: 500 Internal Server Error)"),
        (503, b"", ForgeFailed, "(GitLab: 503)"),
        (418, b'{"message":{"title":["is too long","is odd"]}}', ForgeRefused, "418 title is too long, is odd"),
        (400, b"[1]", ForgeRefused, "(GitLab: 400)"),
        (403, b'{"message":"\\u001b[31mred\\nline"}', ForgeForbidden, "(GitLab: 403 [31mred line)"),
    ],
)
def test_other_answers(status: int, body: bytes, kind: type[TidegateError], shown: str) -> None:
    error = failure("GET /projects/a", "here", status, body)
    assert type(error) is kind
    assert shown in error.what


@pytest.mark.parametrize("levels", [600, 900])
def test_what_nests_without_end_says_nothing(levels: int) -> None:
    lists, objects = ("[" * levels, "]" * levels), ('{"a":' * levels, "1" + "}" * levels)
    for opened, closed in (lists, objects):
        assert said(f'{{"message": {opened}{closed}}}'.encode()) in {"error:", ("a " * 8).strip()}
    assert failure("GET /user", "here", 502, f'{{"error": {lists[0]}{lists[1]}}}'.encode()).retryable


def test_patience_comes_along() -> None:
    error = failure("GET /user", "here", 429, b"Retry later\n", 7.0)
    assert isinstance(error, ForgeThrottled)
    assert error.retry_after == 7.0
