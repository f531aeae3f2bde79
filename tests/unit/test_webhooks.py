from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.engine_world import EngineWorld
from tidegate.errors.server import WebhookInvalid
from tidegate.model import PathPattern, Pipeline, RegistryAccount
from tidegate.model.key import EverythingKey, MergeRequestKey, ServiceKey
from tidegate.server.webhooks.gitlab import keys_of_gitlab
from tidegate.server.webhooks.registry import keys_of_registry

DATA = Path(__file__).parents[1] / "data" / "webhooks"
PIPELINE = EngineWorld().world().pipeline
MERGE_REQUEST = MergeRequestKey("platform/gitops-staging", 4)


def event(name: str, **changes: object) -> bytes:
    document: dict[str, Any] = json.loads((DATA / f"{name}.json").read_text())
    return json.dumps(document | changes).encode()


def services(*pairs: str) -> frozenset[ServiceKey]:
    return frozenset(ServiceKey(*pair.split("@")) for pair in pairs)


def test_a_push_touches_the_services_whose_folders_it_changed_and_what_flows_from_there() -> None:
    assert keys_of_gitlab(event("gitlab-push"), PIPELINE) == services(
        "billing@e2e", "billing@staging", "old@e2e", "old@staging", "inventory@dev", "inventory@e2e"
    )


@pytest.mark.parametrize(
    "changes", [{"total_commits_count": 40}, {"total_commits_count": None}, {"commits": [], "total_commits_count": 0}]
)
def test_a_push_that_is_not_told_whole_is_a_resync(changes: Mapping[str, object]) -> None:
    assert keys_of_gitlab(event("gitlab-push", **changes), PIPELINE) == {EverythingKey()}


def test_a_push_to_another_branch_touches_nothing() -> None:
    assert not keys_of_gitlab(event("gitlab-push", ref="refs/heads/feature"), PIPELINE)


def test_a_folder_for_all_services_touches_all() -> None:
    first = replace(PIPELINE.environments[0], path=PathPattern("clusters/dev"))
    pipeline = Pipeline((first,), PIPELINE.services, PIPELINE.registries)
    assert keys_of_gitlab(event("gitlab-push"), pipeline) == services("inventory@dev", "billing@dev")


@pytest.mark.parametrize("name", ["gitlab-merge-request", "gitlab-note"])
def test_what_happens_to_a_merge_request_names_it(name: str) -> None:
    assert keys_of_gitlab(event(name), PIPELINE) == {MERGE_REQUEST}


def test_a_system_hook_names_its_event_otherwise() -> None:
    pushed = event("gitlab-push", object_kind=None, event_name="push")
    assert keys_of_gitlab(pushed, PIPELINE) == keys_of_gitlab(event("gitlab-push"), PIPELINE)


def test_a_pipeline_names_its_merge_request_or_what_its_branch_is_for() -> None:
    def keys(**changes: object) -> frozenset[object]:
        return frozenset(keys_of_gitlab(event("gitlab-pipeline", **changes), PIPELINE))

    assert keys() == services("inventory@staging")
    assert keys(merge_request={"iid": 4}) == {MERGE_REQUEST}
    assert keys(object_attributes={"ref": "refs/merge-requests/4/head"}) == {MERGE_REQUEST}
    assert keys(object_attributes={"ref": "tidegate/inventory/1.1.3/to-staging"}) == services("inventory@staging")
    assert not keys(object_attributes={"ref": "tidegate/inventory/to-nowhere"})
    assert not keys(object_attributes={"ref": "feature"})


@pytest.mark.parametrize(
    ("kind", "attributes"),
    [
        ("merge_request", {"iid": 10**3000}),
        ("merge_request", {"iid": 2**31}),
        ("pipeline", {"ref": "tidegate/\ud800/to-staging"}),
        ("pipeline", {"ref": "tidegate/a\0b/to-staging"}),
        ("pipeline", {"ref": f"tidegate/{'a' * 900}/to-staging"}),
        ("pipeline", {"ref": "refs/merge-requests/9999999999/head"}),
    ],
)
def test_what_no_queue_takes_is_nothing(kind: str, attributes: Mapping[str, object]) -> None:
    name = f"gitlab-{kind.replace('_', '-')}"
    assert not keys_of_gitlab(event(name, merge_request=None, object_attributes=attributes), PIPELINE)


def test_what_is_none_of_ours_is_nothing() -> None:
    elsewhere = {"path_with_namespace": "somebody/else"}
    assert not keys_of_gitlab(event("gitlab-merge-request", project=elsewhere), PIPELINE)
    assert not keys_of_gitlab(event("gitlab-merge-request", project=None), PIPELINE)
    assert not keys_of_gitlab(event("gitlab-merge-request", object_attributes=[]), PIPELINE)
    assert not keys_of_gitlab(event("gitlab-merge-request", object_kind="build"), PIPELINE)
    assert not keys_of_gitlab(event("gitlab-note", merge_request=None), PIPELINE)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"x"', b"[" * 100_000, b"\xff"])
def test_what_is_no_object_is_refused(body: bytes) -> None:
    with pytest.raises(WebhookInvalid):
        keys_of_gitlab(body, PIPELINE)
    with pytest.raises(WebhookInvalid):
        keys_of_registry(body, PIPELINE)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
NAMES = ("object_attributes", "merge_request", "commits", "ref", "total_commits_count")


KINDS = st.sampled_from(["push", "note", "pipeline", "merge_request"])


@given(st.fixed_dictionaries(dict.fromkeys(NAMES, JSON)), KINDS)
def test_any_json_gives_keys(changes: dict[str, object], kind: str) -> None:
    project = {"path_with_namespace": "platform/gitops"}
    body = json.dumps({"project": project, "object_kind": kind, **changes}).encode()
    assert isinstance(keys_of_gitlab(body, PIPELINE), frozenset)


@given(st.fixed_dictionaries(dict.fromkeys(("events", "type", "event_data", "source", "detail"), JSON)))
def test_any_json_of_a_registry_gives_keys(document: dict[str, object]) -> None:
    assert isinstance(keys_of_registry(json.dumps(document).encode(), PIPELINE), frozenset)


def test_a_push_to_a_registry_touches_its_environments_and_what_flows_from_there() -> None:
    assert keys_of_registry(event("distribution"), PIPELINE) == services("inventory@dev", "inventory@e2e")
    assert keys_of_registry(event("harbor"), PIPELINE) == services("inventory@e2e", "inventory@staging")


def test_ecr_is_known_by_account_and_region() -> None:
    host = "111111111111.dkr.ecr.eu-west-2.amazonaws.com"
    account = RegistryAccount("aws", host)
    environments = (replace(PIPELINE.environments[0], registry=account), *PIPELINE.environments[1:])
    pipeline = Pipeline(environments, PIPELINE.services, {**PIPELINE.registries, "aws": account})
    assert keys_of_registry(event("ecr"), pipeline) == services("inventory@dev", "inventory@e2e")
    failed = event("ecr", detail={"result": "FAILURE", "repository-name": "team/inventory", "action-type": "PUSH"})
    assert not keys_of_registry(failed, pipeline)


def test_a_registry_by_an_unknown_name_may_be_any() -> None:
    everywhere = services(*(f"inventory@{each.name}" for each in PIPELINE.environments))
    assert keys_of_registry(event("ecr"), PIPELINE) == everywhere
