"""Each refusal of GitLab's that is known can be had of the fake, to the letter."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeAlias

import pytest

from support.gitlab_town import REQUEST, Town, town
from support.gitlab_world import PROJECT
from tidegate.testing.gitlab import Answer

__all__ = ["town"]

KNOWN: Final[list[dict[str, Any]]] = json.loads((Path(__file__).parents[1] / "data/gitlab/errors.json").read_text())
OPENER: Final = urllib.request.build_opener(urllib.request.ProxyHandler({}))
COMMITS: Final = "repository/commits"
MERGE: Final = "merge_requests/1/merge"
REBASE: Final = "merge_requests/1/rebase"
FILE: Final = "repository/files/a.yaml"


Told: TypeAlias = tuple[int, str]
"""Status and body."""


class Caller:
    """Calls by their raw form, and keeps what was answered."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self.project = town.gitlab.projects[PROJECT]
        self.token = town.gitlab.token("robot")

    def send(self, method: str, path: str, **body: object) -> Told:
        url = f"{self.town.gitlab.url}/api/v4/{path}"
        headers = {"PRIVATE-TOKEN": self.token, "Content-Type": "application/json"}
        data = json.dumps(body).encode() if method != "GET" else None
        request = urllib.request.Request(url, data, headers, method=method)  # noqa: S310 - the fake's own address
        try:
            with OPENER.open(request) as response:
                return response.status, response.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def in_project(self, method: str, path: str, **body: object) -> Told:
        return self.send(method, f"projects/{PROJECT.replace('/', '%2F')}/{path}", **body)

    def commit(
        self, *, branch: str = "promote", kind: str = "update", path: str = "a.yaml", stale: str = "", **more: object
    ) -> Told:
        action = {"action": kind, "file_path": path, "content": "a: 3\n", "last_commit_id": stale}
        return self.in_project("POST", COMMITS, branch=branch, commit_message="m", actions=[action], **more)

    def merge(self, **body: object) -> Told:
        return self.in_project("PUT", MERGE, **body)

    def open(self, **body: object) -> Told:
        return self.in_project("POST", "merge_requests", **body)

    def fault(self, line: str, answer: Answer) -> None:
        self.town.fail(line, answer)


def draft(caller: Caller) -> Told:
    caller.in_project("PUT", "merge_requests/1", title="Draft: later")
    return caller.merge()


def lost_race(caller: Caller) -> Told:
    caller.fault(f"PUT {REQUEST}/merge", Answer(422, {"message": "Branch cannot be merged"}))
    return caller.merge()


def older_version(caller: Caller) -> Told:
    caller.fault(f"PUT {REQUEST}/merge", Answer(406, {"message": "Branch cannot be merged"}))
    return caller.merge()


def sha_required(caller: Caller) -> Told:
    caller.project.sha_required = True
    return caller.merge()


def protected_target(caller: Caller) -> Told:
    caller.project.protect("main", mergers={"ada"})
    return caller.merge()


def no_source(caller: Caller) -> Told:
    caller.in_project("DELETE", "repository/branches/promote")
    return caller.in_project("PUT", REBASE)


def locked(caller: Caller) -> Told:
    words = "Failed to enqueue the rebase operation, possibly due to a long-lived transaction. Try again later."
    caller.fault(f"PUT {REQUEST}/rebase", Answer(409, {"message": words}))
    return caller.in_project("PUT", REBASE)


def stale_file(caller: Caller) -> Told:
    body = {"branch": "promote", "commit_message": "m", "content": "x", "last_commit_id": "0" * 40}
    return caller.in_project("PUT", FILE, **body)


def protected_branch(caller: Caller) -> Told:
    caller.project.protect("main", pushers=())
    return caller.commit(branch="main")


def on_free(caller: Caller) -> Told:
    return caller.in_project("GET", "merge_requests/1/approval_state")


def no_token(caller: Caller) -> Told:
    caller.token = "wrong"
    return caller.in_project("GET", "merge_requests")


def revoked(caller: Caller) -> Told:
    caller.token = caller.town.gitlab.token("robot", revoked=True)
    return caller.in_project("GET", "merge_requests")


def narrow(caller: Caller) -> Told:
    caller.token = caller.town.gitlab.token("robot", scope="read_api")
    return caller.open(title="t")


def throttled(caller: Caller) -> Told:
    headers = {"Retry-After": "1", "RateLimit-Limit": "1", "Content-Type": "text/plain"}
    caller.fault("GET /user", Answer(429, text="Retry later\n", headers=headers))
    return caller.send("GET", "user")


def throttled_in_json(caller: Caller) -> Told:
    words = "This endpoint has been requested too many times. Try again later."
    caller.fault("GET /user", Answer(429, {"message": {"error": words}}))
    return caller.send("GET", "user")


HOW: Final[tuple[Callable[[Caller], Told], ...]] = (
    draft,
    lost_race,
    older_version,
    lambda caller: caller.merge(sha="0" * 40),
    sha_required,
    protected_target,
    lambda caller: caller.open(title="t", source_branch="promote", target_branch="main"),
    lambda caller: caller.open(title="t", source_branch="main", target_branch="main"),
    lambda caller: caller.open(source_branch="promote", target_branch="main"),
    no_source,
    locked,
    lambda caller: caller.commit(stale="0" * 40),
    stale_file,
    lambda caller: caller.commit(kind="create"),
    lambda caller: caller.commit(path="missing.yaml"),
    lambda caller: caller.commit(start_branch="main"),
    lambda caller: caller.commit(branch="new", start_branch="missing"),
    lambda caller: caller.commit(branch="new", start_sha="0" * 40),
    protected_branch,
    lambda caller: caller.send("GET", "projects/nobody%2Fnothing"),
    on_free,
    no_token,
    revoked,
    narrow,
    throttled,
    throttled_in_json,
)
"""How each is brought about, in the order of the file."""
SHOWN: Final = {
    "<current sha>": "{head}",
    "!5": "!1",
    "<reason>": "Source branch does not exist",
    "<path>": "a.yaml",
    "'x'": "'promote'",
    "<sha>": "0" * 40,
}
"""What stands for the variable parts."""


@pytest.mark.parametrize("number", range(len(KNOWN)), ids=lambda number: f"{number}-{KNOWN[number]['status']}")
def test_the_fake_refuses_in_gitlab_s_words(town: Town, number: int) -> None:
    head = town.opened().head
    row = KNOWN[number]
    status, text = HOW[number](Caller(town))
    wanted = row["text"] if "text" in row else json.dumps(row["body"])
    for variable, value in SHOWN.items():
        wanted = wanted.replace(variable, value.format(head=head))
    assert (status, text) == (row["status"], wanted)


def test_every_known_refusal_is_brought_about() -> None:
    assert len(HOW) == len(KNOWN)
