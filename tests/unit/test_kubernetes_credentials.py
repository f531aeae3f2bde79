"""How a cluster is reached: kubeconfigs, programs that give tokens, a pod's service account."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path

import pytest

from support.kubeconfigs import SECRET, connect, kubeconfig, names, two_releases
from tidegate.cluster.api import Api
from tidegate.cluster.cluster import KubernetesCluster
from tidegate.cluster.kubeconfig import read_connection
from tidegate.cluster.program import Program
from tidegate.errors.cluster import (
    ClusterCredentialsUnusable,
    ClusterUnauthorized,
    KubeconfigUnusable,
)
from tidegate.model.cluster_access import ClusterAccess
from tidegate.model.json import Json
from tidegate.testing.kubernetes.server import FakeKubernetes, serve

TLS = Path(__file__).parents[1] / "data" / "tls"


@pytest.fixture
def kubernetes() -> FakeKubernetes:
    return two_releases()


@pytest.fixture
def server(kubernetes: FakeKubernetes) -> Iterator[str]:
    with serve(kubernetes) as url:
        yield url


def program(folder: Path, text: str) -> dict[str, Json]:
    """Return a user whose credentials come from a program."""
    (folder / "give.py").write_text(text)
    return {
        "exec": {
            "apiVersion": "client.authentication.k8s.io/v1",
            "command": sys.executable,
            "args": [str(folder / "give.py")],
            "env": [{"name": "WHO", "value": "robot"}],
            "provideClusterInfo": True,
            "interactiveMode": "Never",
        }
    }


def test_a_program_gives_the_token_and_is_told_for_what(server: str, tmp_path: Path) -> None:
    text = (
        "import json, os, pathlib\n"
        "info = json.loads(os.environ['KUBERNETES_EXEC_INFO'])\n"
        f"pathlib.Path({str(tmp_path / 'told')!r}).write_text(json.dumps([os.environ['WHO'], info]))\n"
        f"print(json.dumps({{'apiVersion': info['apiVersion'], 'status': {{'token': {SECRET!r}}}}}))\n"
    )
    with closing(connect(kubeconfig(server, program(tmp_path, text)))) as cluster:
        assert len(names(cluster)) == 2
    who, info = json.loads((tmp_path / "told").read_text())
    assert who == "robot"
    assert info["apiVersion"] == "client.authentication.k8s.io/v1"
    assert info["spec"]["cluster"] == {"server": server}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"print('{SECRET}')", "gave no token"),
        ("import sys; sys.exit('session is over:\\n sign in')", "ended with 1: session is over: sign in"),
        ('print(\'{"status": {"clientCertificateData": "x"}}\')', "gave no token"),
        ("print('[' * 100_000)", "gave no token"),
        ("import json; print(json.dumps({'status': {'token': 'two\\nlines'}}))", "gave no token"),
    ],
)
def test_a_program_that_gives_none(server: str, tmp_path: Path, text: str, said: str) -> None:
    with closing(connect(kubeconfig(server, program(tmp_path, text)))) as cluster:
        with pytest.raises(ClusterCredentialsUnusable, match=said) as caught:
            names(cluster)
        assert SECRET not in str(caught.value)


def test_a_program_is_asked_once_and_again_when_its_token_is_over(
    kubernetes: FakeKubernetes, server: str, tmp_path: Path
) -> None:
    (tmp_path / "now").write_text(SECRET)
    text = (
        "import json, pathlib\n"
        f"folder = pathlib.Path({str(tmp_path)!r})\n"
        "with (folder / 'asked').open('a') as asked: asked.write('.')\n"
        "print(json.dumps({'status': {'token': (folder / 'now').read_text()}}))\n"
    )
    with closing(connect(kubeconfig(server, program(tmp_path, text)))) as cluster:
        for _ in range(3):
            names(cluster)
        assert (tmp_path / "asked").read_text() == "."
        kubernetes.token = "another-t0ken"
        (tmp_path / "now").write_text("another-t0ken")
        assert len(names(cluster)) == 2
        assert (tmp_path / "asked").read_text() == ".."
        kubernetes.token = "a-third-t0ken"
        with pytest.raises(ClusterUnauthorized):
            names(cluster)


def test_a_program_that_waits_for_somebody_is_ended() -> None:
    waits = Program((sys.executable, "-c", "import threading; threading.Event().wait()"), {})
    with pytest.raises(ClusterCredentialsUnusable, match=r"within 0\.2 s"):
        waits.token({}, 0.2)
    with pytest.raises(ClusterCredentialsUnusable, match="can't be run: No such file"):
        Program(("no-such-program",), {}).token({"PATH": "/nonexistent"})


def test_a_token_goes_before_a_program() -> None:
    assert Program.of({"token": "t", "exec": {"command": "give"}}, {}, None, "here") is None


def test_a_token_file_is_relative_to_the_kubeconfig(server: str, tmp_path: Path) -> None:
    (tmp_path / "token").write_text(f"{SECRET}\n")
    with closing(connect(kubeconfig(server, {"tokenFile": "token"}), folder=tmp_path)) as cluster:
        assert len(names(cluster)) == 2


def test_the_service_account_of_a_pod(kubernetes: FakeKubernetes, tmp_path: Path) -> None:
    (tmp_path / "token").write_text(SECRET)
    (tmp_path / "ca.crt").write_bytes((TLS / "ca.pem").read_bytes())
    with serve(kubernetes, str(TLS / "server.pem")) as url:
        host, port = url.removeprefix("https://").split(":")
        environ = {"KUBERNETES_SERVICE_HOST": host, "KUBERNETES_SERVICE_PORT": port}
        with closing(KubernetesCluster(lambda: Api(None, environ, tmp_path))) as cluster:
            assert len(names(cluster)) == 2
    with pytest.raises(KubeconfigUnusable, match="no kubeconfig"):
        Api(None, {}, tmp_path)


def test_the_kubeconfig_is_found_as_kubectl_finds_it(tmp_path: Path) -> None:
    def server(access: ClusterAccess, environ: Mapping[str, str]) -> str | None:
        found = read_connection(access, environ, tmp_path)
        return found and found.server

    for place, name in (
        (tmp_path / ".kube", "config"),
        (tmp_path, "a"),
        (tmp_path, "b"),
    ):
        place.mkdir(exist_ok=True)
        (place / name).write_text(kubeconfig(f"https://{name}.example"))
    usual = ClusterAccess()
    assert server(usual, {}) == "https://config.example"
    assert server(usual, {"KUBECONFIG": f"{tmp_path}/none:{tmp_path}/a"}) == "https://a.example"
    assert server(ClusterAccess(kubeconfig=tmp_path / "b"), {"KUBECONFIG": f"{tmp_path}/a"}) == "https://b.example"
    assert server(ClusterAccess(kubeconfig_env="KC"), {"KC": f"{tmp_path}/b"}) == "https://b.example"
    with pytest.raises(KubeconfigUnusable, match="several"):
        server(usual, {"KUBECONFIG": f"{tmp_path}/a:{tmp_path}/b"})
    with pytest.raises(KubeconfigUnusable, match="not set"):
        server(ClusterAccess(kubeconfig_env="KC"), {})
    (tmp_path / ".kube" / "config").unlink()
    assert server(usual, {}) is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (SECRET, "can't be read"),
        (f"token:\n- [{SECRET}", "not YAML"),
        (f"- {SECRET}\n- {SECRET}", "no mapping"),
        ("kind: Config\nusers: []\n", "no current context"),
        (
            kubeconfig("https://x").replace('"current-context": "live"', '"current-context": "dead"'),
            "no context 'dead'",
        ),
        (kubeconfig("https://x").replace('"user": "robot"', '"user": "root"'), "no user 'root'"),
        (kubeconfig("ftp://x"), "no server"),
        (kubeconfig("https://x", {"as": "admin"}), "as is not supported"),
        (kubeconfig("https://x", {"exec": {"command": "give"}}), "no apiVersion"),
        (kubeconfig("https://x", {"auth-provider": {"name": "gcp"}}), "auth-provider is not supported"),
        (kubeconfig("https://x", {"token": 5}), "says it wrongly"),
        (kubeconfig("https://127.0.0.1:port"), "Invalid port"),
    ],
)
def test_a_kubeconfig_that_is_of_no_use(text: str, said: str) -> None:
    with closing(connect(text)) as cluster, pytest.raises(KubeconfigUnusable, match=said) as caught:
        names(cluster)
    assert SECRET not in str(caught.value)
