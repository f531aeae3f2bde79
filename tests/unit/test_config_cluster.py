"""The keys of an environment's cluster."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.configs import SMALL, load_text
from tidegate.errors import Place
from tidegate.errors.config import ConfigInvalid
from tidegate.model.cluster_access import ClusterAccess


def text(keys: str) -> str:
    return SMALL.replace("live: {from: dev,", f"live: {{cluster: {keys}, from: dev,")


def access(folder: Path, keys: str) -> ClusterAccess | None:
    found = load_text(folder, text(keys)).pipeline.environment("live")
    assert found is not None
    return found.cluster


def test_without_the_key_nobody_looks(tmp_path: Path) -> None:
    assert [each.cluster for each in load_text(tmp_path, SMALL).pipeline.environments] == [None, None]


def test_a_cluster_is_named_not_given(tmp_path: Path) -> None:
    assert access(tmp_path, "{}") == ClusterAccess()
    whole = access(tmp_path, "{kubeconfig_env: PRD, context: prd, namespaces: [apps, apps, jobs]}")
    assert whole == ClusterAccess(None, "PRD", "prd", ("apps", "jobs"))
    assert access(tmp_path, "{kubeconfig: kube/prd.yaml}") == ClusterAccess(tmp_path / "kube" / "prd.yaml")


@pytest.mark.parametrize(
    ("keys", "key", "what"),
    [
        ("{kubeconfig: a, kubeconfig_env: B}", "cluster.kubeconfig_env", "exclude each other"),
        ("{kubeconfig_env: s3cr3t}", "cluster.kubeconfig_env", "name of a variable"),
        ("{kubeconfig: '{token: s3cr3t}'}", "cluster.kubeconfig", "not the path"),
        ("{context: ' '}", "cluster.context", "empty"),
        ("{namespaces: [Apps]}", "cluster.namespaces[0]", "'Apps' is not a namespace"),
        ("{namespace: apps}", "cluster.namespace", "no such key"),
        ("{token: s3cr3t}", "cluster.token", "no such key"),
    ],
)
def test_what_is_wrong_has_a_place(tmp_path: Path, keys: str, key: str, what: str) -> None:
    with pytest.raises(ConfigInvalid) as caught:
        access(tmp_path, keys)
    (found,) = caught.value.findings
    assert found.key == f"environments.live.{key}"
    assert what in found.what
    line = text(keys).splitlines().index(next(each for each in text(keys).splitlines() if "cluster:" in each)) + 1
    assert isinstance(found.place, Place)
    assert found.place.line == line
    assert "s3cr3t" not in f"{found.what} {found.hint}"
