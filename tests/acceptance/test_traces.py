"""Traces of a real `tidegate serve`, sent to a collector on loopback."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

from support.gitlab_stand import gitlab_stand
from support.otlp_receiver import OtlpReceiver
from support.road_texts import STAGING
from support.road_world import world_with_release
from support.server_process import ServerProcess

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
CALLER = {"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01", "X-Request-Id": "from-the-caller"}
EVENT = {
    "object_kind": "merge_request",
    "project": {"path_with_namespace": STAGING},
    "object_attributes": {"iid": 1, "action": "approved"},
}


def test_a_delivery_is_one_trace_with_all_that_it_asked_for(tmp_path: Path) -> None:
    with OtlpReceiver() as collector, gitlab_stand(tmp_path / "world", until="e2e") as stand:
        world = stand.world
        world.tidegate("promote", "inventory", "--to", "staging")
        text = (world.folder / "tidegate.yaml").read_text()
        world.configure(f"{text}server: {{webhooks: {{gitlab_token_env: HOOK_TOKEN}}}}\n")
        variables = {
            "HOOK_TOKEN": "hook-t0ken",
            "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
            "OTEL_EXPORTER_OTLP_HEADERS": "api-key=collectors-s3cret",
            "OTEL_SERVICE_NAME": "the-gate",
            "OTEL_RESOURCE_ATTRIBUTES": "deployment.environment.name=here",
        }
        with ServerProcess(world, variables=variables) as server:
            server.ready().until(lambda: server.cell("staging")["state"] == "waiting")
            stand.approve(STAGING, "sam")
            path = "/webhooks/gitlab?access_token=in-the-query"
            assert server.post(path, EVENT, {"X-Gitlab-Token": "hook-t0ken", **CALLER}).status == 202
            server.until(lambda: server.cell("staging")["version"] == "1.1.3")
            server.until(lambda: any(line["outcome"] == "delivered" for line in server.events("handled")))
            assert server.get("/services/inventory/staging").status == 200
            assert server.stop() == 0  # what was not sent yet is sent now

        (hook,) = collector.named("POST /webhooks/gitlab")
        assert (hook.trace, hook.parent) == (TRACE, "00f067aa0ba902b7")
        assert hook.attributes["url.path"] == "/webhooks/gitlab"
        assert hook.attributes["http.response.status_code"] == 202
        assert hook.attributes["tidegate.request_id"] == "from-the-caller"
        assert (hook.resource["service.name"], hook.resource["deployment.environment.name"]) == ("the-gate", "here")

        (merge,) = collector.named("forge PUT projects/merge_requests/merge")
        assert str(merge.attributes["url.full"]).startswith(f"{stand.gitlab.url}/api/v4/projects/")
        assert merge.attributes["http.response.status_code"] == 200
        (key,) = (span for span in collector.spans if span.id == merge.parent)
        assert (key.name, key.trace, key.parent) == ("key merge-request", merge.trace, "")
        assert key.attributes["tidegate.key"] == f"merge-request {STAGING}!1"
        assert key.attributes["tidegate.outcome"] == "delivered"
        assert "git fetch" in {span.name for span in collector.spans if span.parent == key.id}
        (page,) = collector.named("GET /services/{service}/{environment}")
        assert {span.name for span in collector.spans if span.parent == page.id} >= {"git fetch"}

        (line,) = (each for each in server.events("handled") if each["span_id"] == key.id)
        assert (line["trace_id"], line["outcome"]) == (key.trace, "delivered"), "the log leads to the trace"
        requests = [each for each in server.events("request") if each["path"] == "/api/v1/board"]
        assert requests
        assert {each["trace_id"] for each in requests} <= {span.trace for span in collector.spans}

        assert not collector.named("GET /healthz") + collector.named("GET /readyz")
        assert collector.headers[0]["api-key"] == "collectors-s3cret"
        told = b"".join(collector.bodies)
        secrets = (
            "hook-t0ken",
            "in-the-query",
            "collectors-s3cret",
            "access_token",
            *server.links[0].split("link=")[1:],
        )
        assert [secret for secret in (*secrets, *stand.gitlab.tokens) if secret.encode() in told] == []


def test_a_collector_that_never_answers_does_not_keep_it_from_ending(tmp_path: Path) -> None:
    world = world_with_release(tmp_path / "world")
    with OtlpReceiver() as collector:
        url = collector.url
    with ServerProcess(world, variables={"OTEL_EXPORTER_OTLP_ENDPOINT": url}) as server:
        server.ready()
        began = time.monotonic()
        assert server.stop(signal.SIGTERM) == 0
        assert time.monotonic() - began < 20
        assert all(line["event"] != "text" for line in server.log if "event" in line), "the log stays JSON"


def test_a_variable_that_cant_be_used_is_told_in_a_line(tmp_path: Path) -> None:
    world = world_with_release(tmp_path / "world")
    variables = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9", "OTEL_BSP_MAX_QUEUE_SIZE": "-1"}
    refused = world.tidegate("serve", "--listen", "127.0.0.1:0", expect=2, **variables)
    assert "OTEL_" in refused.err


def test_nothing_of_it_is_imported_where_nobody_wants_traces() -> None:
    program = (
        "import sys, tidegate.server.process; from tidegate.server.traces import open_traces\n"
        "for environ in ({}, {'OTEL_EXPORTER_OTLP_ENDPOINT': 'http://a', 'OTEL_SDK_DISABLED': 'true'},\n"
        "                {'OTEL_EXPORTER_OTLP_ENDPOINT': 'http://a', 'OTEL_TRACES_EXPORTER': 'none'}):\n"
        "    with open_traces(environ) as traces: assert traces is None\n"
        "assert not [name for name in sys.modules if name.startswith(('opentelemetry.sdk', 'opentelemetry.exporter'))]"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
