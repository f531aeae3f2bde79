"""The Kubernetes adapter: what goes wrong, who we are, and how few questions it asks."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from support.kubeconfigs import SECRET, cluster_at, connect, kubeconfig, names, two_releases
from tidegate.cluster import api as api_module
from tidegate.cluster.parse import parse_release
from tidegate.cluster.values import images_in_values
from tidegate.errors import TidegateError
from tidegate.errors.cluster import (
    ClusterAnswerUnreadable,
    ClusterBusy,
    ClusterCredentialsUnusable,
    ClusterExtraMissing,
    ClusterForbidden,
    ClusterNotTrusted,
    ClusterUnauthorized,
    ClusterUnreachable,
    FluxMissing,
)
from tidegate.model.json import Json
from tidegate.testing.clock import FakeClock
from tidegate.testing.cluster import FakeCluster
from tidegate.testing.kubernetes.server import FakeKubernetes, serve

TLS = Path(__file__).parents[1] / "data" / "tls"
LIST = "GET /apis/helm.toolkit.fluxcd.io"


@pytest.fixture
def kubernetes() -> FakeKubernetes:
    return two_releases()


@pytest.fixture
def server(kubernetes: FakeKubernetes) -> Iterator[str]:
    with serve(kubernetes) as url:
        yield url


def test_one_look_is_one_list_and_the_version_is_asked_for_once(kubernetes: FakeKubernetes, server: str) -> None:
    kubernetes.versions = frozenset({"v2beta2"})
    with closing(cluster_at(server, {"token": SECRET})) as cluster:
        assert names(cluster) == ["apps/inventory", "billing/ledger"]
        assert kubernetes.requests == [
            f"{LIST}/v2/helmreleases?limit=250",
            f"{LIST}/v2beta2/helmreleases?limit=250",
        ]
        names(cluster)
        assert kubernetes.requests[2:] == [f"{LIST}/v2beta2/helmreleases?limit=250"]
        kubernetes.versions = frozenset({"v2"})
        with pytest.raises(FluxMissing):
            names(cluster)
        assert names(cluster) == ["apps/inventory", "billing/ledger"]


def test_named_namespaces_are_listed_each_by_itself(kubernetes: FakeKubernetes, server: str) -> None:
    kubernetes.may = frozenset({"apps"})
    with closing(cluster_at(server, {"token": SECRET}, "apps")) as cluster:
        assert names(cluster) == ["apps/inventory"]
    for namespaces, where in (((), "in all namespaces"), (("apps", "billing"), "in the namespace billing")):
        with closing(cluster_at(server, {"token": SECRET}, *namespaces)) as cluster:
            with pytest.raises(ClusterForbidden, match=f"list` helmreleases.helm.toolkit.fluxcd.io {where}") as caught:
                names(cluster)
            assert "Role" in (caught.value.hint or "")


def test_a_list_that_expires_is_begun_anew(kubernetes: FakeKubernetes, server: str) -> None:
    flux = FakeCluster(FakeClock())
    for number in range(600):
        flux.apply(f"apps/r{number:03}", "prd.example/r:1")
    kubernetes.cluster, kubernetes.expiring = flux, 2
    with closing(cluster_at(server, {"token": SECRET})) as cluster:
        found = names(cluster)
    assert found == sorted(set(found))
    assert len(found) == 600
    assert len(kubernetes.requests) == 2 + 1 + 3


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ((200, "<html>sign in</html>"), ClusterAnswerUnreadable),
        ((302, ""), ClusterAnswerUnreadable),
        ((400, '{"message": "continue key is not valid"}'), ClusterAnswerUnreadable),
        ((410, "{}"), ClusterAnswerUnreadable),
        ((429, "{}"), ClusterBusy),
        ((503, "starting"), ClusterBusy),
        ((200, '{"items": [{"metadata": {}}]}'), ClusterAnswerUnreadable),
        ((404, "404 page not found"), FluxMissing),
    ],
)
def test_what_no_cluster_answers(
    kubernetes: FakeKubernetes, server: str, answer: tuple[int, str], expected: type[TidegateError]
) -> None:
    kubernetes.answer = answer
    with closing(cluster_at(server, {"token": SECRET})) as cluster, pytest.raises(expected) as caught:
        names(cluster)
    assert SECRET not in f"{caught.value} {caught.value.hint}"


def test_refused_credentials_are_read_again(server: str, tmp_path: Path) -> None:
    with closing(connect(kubeconfig(server, {"token": "0ld-t0ken"}), folder=tmp_path)) as cluster:
        with pytest.raises(ClusterUnauthorized) as caught:
            names(cluster)
        assert "0ld-t0ken" not in f"{caught.value} {caught.value.hint}"
        (tmp_path / "kube.yaml").write_text(kubeconfig(server, {"token": SECRET}))
        assert len(names(cluster)) == 2


@pytest.mark.parametrize("token", [f"{SECRET}\nx", f"{SECRET}é", f"{SECRET}\x00"])
def test_a_token_that_can_t_be_sent_is_not_shown(server: str, token: str) -> None:
    with closing(cluster_at(server, {"token": token})) as cluster:
        with pytest.raises((ClusterCredentialsUnusable, ClusterUnauthorized)) as caught:
            names(cluster)
        assert SECRET not in f"{caught.value!r} {caught.value.__cause__!r}"


def test_a_password_in_the_address_is_not_shown(kubernetes: FakeKubernetes, server: str) -> None:
    with closing(cluster_at(server.replace("://", f"://robot:{SECRET}@"))) as cluster:
        with pytest.raises(ClusterUnauthorized) as caught:
            names(cluster)
        assert SECRET not in str(caught.value)
        kubernetes.answer = (302, "")
        with pytest.raises(ClusterAnswerUnreadable) as refused:
            names(cluster)
        assert SECRET not in str(refused.value)


def test_nobody_listens() -> None:
    with serve(FakeKubernetes(FakeCluster(FakeClock()))) as url:
        pass
    with closing(cluster_at(url)) as cluster, pytest.raises(ClusterUnreachable) as caught:
        names(cluster)
    assert caught.value.retryable


def test_a_cluster_is_trusted_by_its_authority(kubernetes: FakeKubernetes, tmp_path: Path) -> None:
    user: dict[str, Json] = {"token": SECRET}
    trusted: dict[str, Json] = {"certificate-authority": str(TLS / "ca.pem")}
    with serve(kubernetes, str(TLS / "server.pem")) as url:
        with closing(connect(kubeconfig(url, user, trusted))) as cluster:
            assert len(names(cluster)) == 2
        packed = base64.b64encode((TLS / "ca.pem").read_bytes()).decode()
        with closing(connect(kubeconfig(url, user, {"certificate-authority-data": packed}))) as cluster:
            assert len(names(cluster)) == 2
        with pytest.raises(ClusterCredentialsUnusable):
            names(connect(kubeconfig(url, user, {"certificate-authority-data": packed[:99]})))
        with closing(connect(kubeconfig(url, user, {"insecure-skip-tls-verify": True}))) as cluster:
            assert len(names(cluster)) == 2
        with closing(connect(kubeconfig(url, user))) as cluster, pytest.raises(ClusterNotTrusted):
            names(cluster)
        for name, is_right in (("registry.example.com", True), ("another.example.com", False)):
            named = connect(kubeconfig(url, user, {**trusted, "tls-server-name": name}))
            with closing(named) as cluster:
                if is_right:
                    assert len(names(cluster)) == 2
                else:
                    with pytest.raises(ClusterNotTrusted):
                        names(cluster)
        missing = connect(kubeconfig(url, user, {"certificate-authority": "ca.pem"}), folder=tmp_path)
        with pytest.raises(ClusterCredentialsUnusable):
            names(missing)


def test_the_extra_is_named_where_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api_module, "find_spec", lambda _: None)
    with pytest.raises(ClusterExtraMissing) as caught:
        cluster_at("https://x").helm_releases()
    assert caught.value.hint == "pip install 'tidegate[cluster]'"


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"image": {"repository": "prd.example/inventory", "tag": "1.1.3"}}, ["prd.example/inventory:1.1.3"]),
        ({"web": {"image": "prd.example/a:1"}, "job": {"image": "prd.example/a:1"}}, ["prd.example/a:1"]),
        ({"image": {"registry": "prd.example", "repository": "a", "tag": "1"}}, ["prd.example/a:1"]),
        ({"text": "\u2028 \x7f \x85 😀 \ud800 é", "image": "prd.example/a:1"}, ["prd.example/a:1"]),
        ({"image": {"repository": "prd.example/a", "tag": "{{ .Values.tag }}"}}, []),
        (None, []),
        ([[[]]], []),
    ],
)
def test_images_in_values(values: Json, expected: list[str]) -> None:
    assert [str(each) for each in images_in_values(values)] == expected


def test_a_status_is_flux_s_to_write() -> None:
    metadata: Json = {"namespace": "apps", "name": "inventory", "uid": "u", "generation": 1}
    strange: list[Json] = [
        {},
        {"status": None},
        {"status": {"conditions": "none", "history": {"current": {}}}},
        {"status": {"conditions": [{"type": "Ready", "status": "Perhaps"}, 5], "history": [None]}},
    ]
    for each in strange:
        assert isinstance(each, dict)
        found = parse_release({"metadata": metadata, **each}, {}, "https://x")
        assert (found.ready, found.observed_generation, found.revision, found.images) == (None, None, None, ())
    for moment in ("yesterday", "2026-01-01T00:00:00"):  # the other is in no time zone
        timeless: Json = {"conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": moment}]}
        ready = parse_release({"metadata": metadata, "status": timeless}, {}, "https://x").ready
        assert ready is not None
        assert ready.since is None
