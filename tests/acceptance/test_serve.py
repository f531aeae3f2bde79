"""`tidegate serve` as a process: it delivers what is approved, keeps nothing that matters, and ends in order."""

from __future__ import annotations

import signal
from functools import partial
from pathlib import Path
from uuid import uuid4

import pytest
from prometheus_client.parser import text_string_to_metric_families

from support.gitlab_stand import gitlab_stand
from support.road_texts import STAGING, Settings
from support.road_world import RoadWorld, release_image, world_with_release
from support.server_process import ServerProcess

QUICK = ("--resync", "1s")
TOKEN = {"X-Gitlab-Token": "hook-t0ken"}


def waiting(folder: Path, settings: Settings | None = None) -> RoadWorld:
    """Return a world with a merge request to staging that nobody has approved."""
    world = world_with_release(folder, settings, until="e2e")
    world.tidegate("promote", "inventory", "--to", "staging")
    return world


def has_done(server: ServerProcess, effects: int) -> bool:
    """Return whether so many steps have written something, or nothing is left to do."""
    return len(server.events("done")) >= effects or len(server.events("handled")) > 10


def is_settled(server: ServerProcess, service: str) -> bool:
    return server.cell("staging", service)["state"] == "settled"


def forget(world: RoadWorld) -> None:
    """Take the server's data away, under the programs that outlive it for a moment."""
    (world.folder / "cache").rename(world.folder / f"forgotten-{uuid4().hex}")


def test_an_approval_is_delivered_without_anybody_calling_deliver(tmp_path: Path) -> None:
    world = waiting(tmp_path / "world")
    (said,) = world.json("why", "inventory", "--in", "staging")["explanations"]
    with ServerProcess(world, QUICK) as server:
        server.until(lambda: server.ready().cell("staging")["state"] == "waiting")
        assert server.cell("staging")["sentence"] == said["sentence"]
        world.tidegate("mr", "approve", f"{STAGING}!1", "--as", "sam")
        server.until(lambda: server.cell("staging")["version"] == "1.1.3")
        assert server.cell("staging")["state"] == "settled"
        server.until(lambda: server.cell("production")["state"] == "waiting")
        assert server.stop() == 0
    assert world.log(STAGING, "%(trailers:key=Tidegate-Approved-By,valueonly)", "-1").startswith("sam at ")


def test_promote_auto_carries_a_release_on_by_itself(tmp_path: Path) -> None:
    settings = Settings().text.replace("{from: dev,", "{from: dev, promote: auto,")
    settings = settings.replace("    from: e2e\n", "    from: e2e\n    promote: auto\n")
    world = world_with_release(tmp_path / "world")
    world.configure(settings)
    with ServerProcess(world, QUICK) as server:
        server.ready().until(lambda: server.cell("e2e")["version"] == "1.1.3")
        server.until(lambda: server.cell("staging")["mergeRequest"])
        server.until(lambda: server.cell("staging")["state"] == "waiting")
        world.tidegate("mr", "close", f"{STAGING}!1", "--as", "sam")
        server.until(lambda: server.cell("staging")["mergeRequest"] is None)
        resyncs = len(server.events("handled"))
        server.until(lambda: len(server.events("handled")) > resyncs + 4)
        assert server.cell("staging")["mergeRequest"] is None, "a person has closed it"
        world.push_image("dev", "1.1.4", release_image("inventory 1.1.4"))
        world.declare("dev", "1.1.4")
        server.until(lambda: server.cell("staging")["moving"] == "1.1.4")


def test_killed_with_its_data_deleted_it_is_right_again_after_one_resync(tmp_path: Path) -> None:
    world = waiting(tmp_path / "world")
    with ServerProcess(world) as server:
        server.ready().until(lambda: server.cell("staging")["state"] == "waiting")
        before = server.get("/api/v1/board").json["rows"]
        server.kill()
    forget(world)
    with ServerProcess(world) as server:
        server.ready().until(lambda: server.cell("staging")["state"] == "waiting")
        assert server.get("/api/v1/board").json["rows"] == before
        server.kill()
    world.tidegate("mr", "approve", f"{STAGING}!1", "--as", "sam")
    forget(world)
    with ServerProcess(world) as server:
        server.ready().until(lambda: server.cell("staging")["version"] == "1.1.3")


def test_killed_again_and_again_while_it_delivers(tmp_path: Path) -> None:
    names = [f"service{number}" for number in range(5)]
    settings = Settings(services="\n".join(f"  {name}: {{image: {name}}}" for name in names))
    world = RoadWorld.make(tmp_path / "world", settings)
    for name in names:
        world.push_image("e2e", "1.1.3-rc1", release_image(f"{name} 1.1.3"), name)
        world.declare("e2e", "1.1.3-rc1", name)
        world.tidegate("promote", name, "--to", "staging")
    for iid in range(1, len(names) + 1):
        world.tidegate("mr", "approve", f"{STAGING}!{iid}", "--as", "sam")

    for effects in (1, 2, 3):
        with ServerProcess(world) as server:
            server.until(partial(has_done, server, effects))
            server.kill()
        forget(world)
    with ServerProcess(world) as server:
        server.ready()
        for name in names:
            server.until(partial(is_settled, server, name))
    merged = world.log(STAGING, "%(trailers:key=Tidegate-Merge-Request,valueonly)").split()
    assert sorted(merged) == sorted(f"{STAGING}!{iid}" for iid in range(1, len(names) + 1))
    for name in names:
        assert list(world.layout("prd").tags(name)) == ["1.1.3"]


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_in_order(tmp_path: Path, sign: signal.Signals) -> None:
    world = waiting(tmp_path / "world")
    with ServerProcess(world) as server:
        server.ready()
        assert server.get("/healthz").status == 200
        assert 'tidegate_board_cells{environment="dev",state="settled"} 1.0' in server.get("/metrics").text
        assert server.stop(sign) == 0
        assert [line["message"] for line in server.events("stop")] == ["stopped"]


def test_a_webhook_leads_to_a_delivery(tmp_path: Path) -> None:
    with gitlab_stand(tmp_path / "world", until="e2e") as stand:
        world = stand.world
        world.tidegate("promote", "inventory", "--to", "staging")
        text = (world.folder / "tidegate.yaml").read_text()
        world.configure(f"{text}server: {{webhooks: {{gitlab_token_env: HOOK_TOKEN}}}}\n")
        with ServerProcess(world, variables={"HOOK_TOKEN": TOKEN["X-Gitlab-Token"]}) as server:
            server.ready().until(lambda: server.cell("staging")["state"] == "waiting")
            stand.approve(STAGING, "sam")
            event = {
                "object_kind": "merge_request",
                "project": {"path_with_namespace": STAGING},
                "object_attributes": {"iid": 1, "action": "approved"},
            }
            refused = server.post("/webhooks/gitlab", event, {"X-Gitlab-Token": "forged"})
            assert (refused.status, refused.json["error"]["code"]) == (401, "server/webhook-refused")
            assert server.get("/metrics").text.count('tidegate_queue_keys{state="waiting"} 0.0') == 1
            taken = server.post("/webhooks/gitlab", event, TOKEN)
            assert (taken.status, taken.json) == (202, {"queued": 1})
            server.until(lambda: server.cell("staging")["version"] == "1.1.3")
            _is_counted(server.get("/metrics").text)
            assert server.stop() == 0


def _is_counted(figures: str) -> None:
    """Assert that what the delivery asked of others is in the figures, by few names."""
    calls = {
        (labels["kind"], labels["operation"], labels["outcome"])
        for family in text_string_to_metric_families(figures)
        for sample in family.samples
        if sample.name == "tidegate_calls_total" and (labels := sample.labels)
    }
    assert {("forge", "PUT projects/merge_requests/merge", "2xx"), ("git", "fetch", "ok")} <= calls
    assert not [call for call in calls if call[1].endswith(" other")]
    assert 'tidegate_promotion_seconds_count{environment="staging"} 1.0' in figures


def test_what_is_in_the_way_of_serving_is_said_in_a_line(tmp_path: Path) -> None:
    world = world_with_release(tmp_path / "world")
    assert "server/listen" in world.tidegate("serve", "--listen", "8080", expect=2).err
    assert "server/listen-refused" in world.tidegate("serve", "--listen", "192.0.2.1:1", expect=2).err
    text = (world.folder / "tidegate.yaml").read_text()
    world.configure(f"{text}server: {{webhooks: {{gitlab_signing_env: HOOK}}}}\n")
    assert "server/webhook-secret-missing" in world.tidegate("serve", expect=4).err
    assert "server/webhook-secret-missing" in world.tidegate("serve", expect=4, HOOK="s3cret").err
