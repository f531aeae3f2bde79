"""Webhooks of the fake: with the fields and headers of recorded ones, lost, doubled and out of order on demand."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest

from support.engine_world import EngineWorld
from support.git_worlds import bare_repository, commit_files
from support.gitlab_contract import needs_contract, recorded, recordings
from support.gitlab_world import GitLabWorld, gitlab_world
from tidegate.model.key import EverythingKey, Key, MergeRequestKey, ServiceKey
from tidegate.ports import NewMergeRequest
from tidegate.server.webhooks.gitlab import keys_of_gitlab
from tidegate.server.webhooks.proof import GitLabProof, signing_key
from tidegate.testing.gitlab import Hook, deliver
from tidegate.testing.loopback import LoopbackHandler, LoopbackServer

HOME: Final = "platform/gitops-staging"
TOKEN: Final = "hook-t0ken"
SIGNING: Final = "whsec_" + base64.b64encode(bytes(range(32))).decode()
PROOF: Final = GitLabProof(TOKEN, signing_key(SIGNING, "here"))
NOW: Final = datetime(2024, 5, 1, 12, tzinfo=UTC)
PIPELINE: Final = EngineWorld().world().pipeline
STAGING: Final = ServiceKey("inventory", "staging")
REQUEST: Final = MergeRequestKey(HOME, 1)


@dataclass
class Listener:
    """Who is told; it keeps what it was told, and answers `status`."""

    port: int = 0
    status: int = 202
    told: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    def keys(self) -> list[frozenset[Key]]:
        """Return what was told since the last time, having checked who told it."""
        told, self.told = self.told, []
        for headers, body in told:
            PROOF.check(headers, body, NOW.timestamp())
        return [keys_of_gitlab(body, PIPELINE) for _, body in told]


@pytest.fixture
def listener() -> Iterator[Listener]:
    listener = Listener()

    class Handler(LoopbackHandler):
        def respond(self) -> None:
            listener.told.append(({name.lower(): value for name, value in self.headers.items()}, self.body()))
            self.send(listener.status)

    with LoopbackServer(Handler) as server:
        listener.port = server.port
        yield listener


@pytest.fixture
def world(tmp_path: Path, listener: Listener) -> Iterator[GitLabWorld]:
    with gitlab_world(tmp_path / "remotes") as served:
        bare_repository(tmp_path / "remotes", HOME, {"apps/inventory/release.yaml": b"a: 1\n"})
        home = served.gitlab.project(HOME)
        served.gitlab.refresh(home)
        home.hooks.append(Hook(1, f"http://127.0.0.1:{listener.port}/webhooks/gitlab", TOKEN, SIGNING))
        yield served


def commit(world: GitLabWorld, branch: str, text: str) -> None:
    commit_files(world.gitlab.root / f"{HOME}.git", branch, {"apps/inventory/release.yaml": text.encode()})


def scene(world: GitLabWorld) -> None:
    """Let a merge request be opened, noted, shown as waiting, approved, pushed to, approved again and merged."""
    commit(world, "promote", "a: 2\n")
    head = world.forge().open(HOME, NewMergeRequest("promote", "main", "T", "d", "robot")).head
    world.forge().comment(HOME, 1, user="robot", text="why")
    status = {"state": "pending", "name": "n", "ref": "promote"}
    world.forge()._api(HOME).send("POST", "projects", HOME, "statuses", head, body=status)
    world.forge("ada").approve(HOME, 1, user="ada")
    commit(world, "promote", "a: 3\n")
    head = world.forge().merge_request(HOME, 1).head
    world.forge("ada").unapprove(HOME, 1, user="ada")
    world.forge().merge(HOME, 1, head=head, message="m", user="robot")


def actions(listener: Listener) -> list[str]:
    bodies = [json.loads(body) for _, body in listener.told]
    return [one["object_attributes"]["action"] for one in bodies if one["object_kind"] == "merge_request"]


def test_what_happens_is_told_signed_and_leads_to_keys(world: GitLabWorld, listener: Listener) -> None:
    scene(world)
    statuses = deliver(world.gitlab, NOW)
    assert set(statuses) == {202}
    assert actions(listener) == ["open", "approved", "update", "unapproved", "merge"]
    keys = listener.keys()
    assert {REQUEST} in keys
    assert {STAGING, ServiceKey("inventory", "production")} <= frozenset().union(*keys)
    assert deliver(world.gitlab, NOW) == []


def test_they_are_lost_doubled_and_reordered_on_demand(world: GitLabWorld, listener: Listener) -> None:
    scene(world)
    deliver(world.gitlab, NOW, lambda events: events[:0])
    assert listener.told == []
    world.forge("ada").comment(HOME, 1, user="ada", text="one")
    world.forge("ada").comment(HOME, 1, user="ada", text="two")
    deliver(world.gitlab, NOW, lambda events: [*events[::-1], events[0]])
    notes = [json.loads(body)["object_attributes"]["note"] for _, body in listener.told]
    assert notes == ["two", "one", "one"]
    attempts = [(headers["idempotency-key"], headers["x-gitlab-webhook-uuid"]) for headers, _ in listener.told]
    assert attempts[1][0] == attempts[2][0]
    assert len({one for _, one in attempts}) == 3
    assert listener.keys() == [{REQUEST}] * 3
    listener.status = 503
    world.forge("ada").comment(HOME, 1, user="ada", text="three")
    assert deliver(world.gitlab, NOW) == [503]


def test_on_premium_one_approval_of_two_is_another_action(world: GitLabWorld, listener: Listener) -> None:
    world.gitlab.premium, world.gitlab.projects[HOME].approvals_required = True, 2
    commit(world, "promote", "a: 2\n")
    world.forge().open(HOME, NewMergeRequest("promote", "main", "T", "d", "robot"))
    for name in ("ada", "grace"):
        world.forge(name).approve(HOME, 1, user=name)
    world.forge("ada").unapprove(HOME, 1, user="ada")
    world.forge("grace").unapprove(HOME, 1, user="grace")
    deliver(world.gitlab, NOW)
    assert actions(listener) == ["open", "approval", "approved", "unapproved", "unapproval"]


def test_a_new_branch_tells_no_commits(world: GitLabWorld, listener: Listener) -> None:
    commit(world, "promote", "a: 2\n")
    world.gitlab.refresh(world.gitlab.projects[HOME])
    commit(world, "main", "a: 2\n")
    deliver(world.gitlab, NOW)
    first, second = listener.keys()
    assert (first, EverythingKey() in second) == (frozenset(), False)
    assert STAGING in second


@needs_contract
def test_their_bodies_and_headers_have_no_field_that_recorded_ones_have_not(
    world: GitLabWorld, listener: Listener
) -> None:
    scene(world)
    deliver(world.gitlab, NOW)
    known: dict[str, Any] = {}
    for name in recordings():
        document = recorded(name)
        if isinstance(document, dict) and "object_kind" in document:
            known[document["object_kind"]] = _merged(known.get(document["object_kind"]), document)
    judged = set()
    for _, body in listener.told:
        document = json.loads(body)
        if document["object_kind"] in known:
            judged.add(document["object_kind"])
            _check(document, known[document["object_kind"]], document["object_kind"])
    assert judged == {"merge_request", "push"}


def _merged(one: object, other: object) -> object:
    if isinstance(one, dict) and isinstance(other, dict):
        return {name: _merged(one.get(name), other.get(name)) for name in {*one, *other}}
    if isinstance(one, list) and isinstance(other, list):
        return [*one, *other]
    return other if one is None else one


def _check(value: object, known: object, where: str) -> None:
    if isinstance(value, dict) and isinstance(known, dict):
        assert set(value) <= set(known), where
        for name, one in value.items():
            _check(one, known[name], f"{where}.{name}")
    if isinstance(value, list) and isinstance(known, list) and known:
        shape: object = None
        for one in known:
            shape = _merged(shape, one)
        for one in value:
            _check(one, shape, where)
