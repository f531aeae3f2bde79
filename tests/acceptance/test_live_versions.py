"""The live version beside the declared one: by the command line and on the board, read from a cluster's API."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.bad_input import run
from support.flux_stand import RELEASE, TOKEN, FluxStand, flux_stand
from support.road_texts import image_of
from support.road_world import RoadWorld, release_image, world_with_release
from support.server_process import ServerProcess


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> RoadWorld:
    return world_with_release(tmp_path_factory.mktemp("prepared") / "world", until="e2e")


@pytest.fixture
def world(prepared: RoadWorld, tmp_path: Path) -> RoadWorld:
    return prepared.copy(tmp_path / "world")


@pytest.fixture
def flux(world: RoadWorld) -> Iterator[FluxStand]:
    with flux_stand(world) as stand:
        yield stand


def test_status_shows_what_runs(world: RoadWorld, flux: FluxStand) -> None:
    flux.runs("e2e", "1.1.2-rc1")
    flux.clusters["dev"].apply(RELEASE, image_of("dev", "1.1.3"))
    flux.clusters["dev"].failed(RELEASE, "context deadline exceeded")
    ended = run(world, "status")
    head, dev, e2e, *_, below = ended.out.splitlines()
    assert head.startswith("SERVICE    ENVIRONMENT  VERSION    LIVE                       DIGEST")
    assert dev.startswith("inventory  dev          1.1.3      ✗ failed                   ")
    assert e2e.startswith("inventory  e2e          1.1.3-rc1  1.1.2-rc1 not applied yet  ")
    assert below == "inventory in dev: Flux failed to roll out 1.1.3: UpgradeFailed: context deadline exceeded"
    assert (ended.code, ended.err) == (0, "")
    cells = {each["environment"]: each["live"] for each in json.loads(run(world, "status", "-o", "json").out)["cells"]}
    assert cells["staging"] is None
    assert (cells["e2e"]["state"], cells["e2e"]["running"]) == ("not-applied", image_of("e2e", "1.1.2-rc1"))
    assert (cells["dev"]["state"], cells["dev"]["running"]) == ("failed", None)
    assert all(len(api.requests) == 2 for api in flux.apis.values()), "one LIST of each cluster in each look"
    debugged = run(world, "--debug", "status")
    assert (debugged.code, debugged.err.count("/v2/helmreleases: 200, ")) == (0, 2)
    assert TOKEN not in debugged.err
    why = run(world, "why", "inventory", "--in", "e2e").out
    assert "shop/inventory still runs 1.1.2-rc1: Flux has not applied what git declares" in why


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ((401, "{}"), "does not accept the credentials"),
        ((403, "{}"), "may not `list` helmreleases.helm.toolkit.fluxcd.io in all namespaces"),
        ((404, "404 page not found"), "knows no HelmReleases"),
        ((503, "{}"), "answered 503"),
    ],
)
def test_a_cluster_that_can_t_be_read_is_in_nobody_s_way(
    world: RoadWorld, flux: FluxStand, answer: tuple[int, str], said: str
) -> None:
    flux.apis["e2e"].answer = answer
    ended = run(world, "status")
    assert (ended.code, ended.err) == (0, "")
    assert "? unknown" in ended.out
    (line,) = [each for each in ended.out.splitlines() if each.startswith("what runs in e2e can't be told: ")]
    assert said in line
    assert TOKEN not in ended.out
    assert said in run(world, "why", "inventory", "--in", "e2e").out
    assert run(world, "promote", "inventory", "--to", "staging").code == 0


def test_an_image_that_a_cluster_names_is_not_removed(world: RoadWorld, flux: FluxStand) -> None:
    world.push_image("e2e", "1.1.2-rc1", release_image("inventory 1.1.2"))
    world.push_image("e2e", "1.1.1-rc1", release_image("inventory 1.1.1"))
    flux.runs("e2e", "1.1.2-rc1")
    refused = run(world, "image", "rm", "e2e:inventory:1.1.2-rc1", "--yes")
    assert (refused.code, "image/in-use" in refused.err) == (1, True)
    assert run(world, "image", "rm", "e2e:inventory:1.1.1-rc1", "--yes").code == 0


def test_waiting_until_it_runs(world: RoadWorld, flux: FluxStand) -> None:
    ended = run(world, "wait", "inventory", "--to", "e2e", "--live", "-o", "json")
    assert json.loads(ended.out)["live"]["state"] == "live"
    flux.apply("e2e", "1.1.3-rc1")
    ended = run(world, "wait", "inventory", "--to", "e2e", "--live", "--timeout", "0s", "--interval", "1s")
    assert ended.code == 8
    assert "Flux is rolling out 1.1.3-rc1" in ended.err
    assert "does not run it yet" in ended.err
    ended = run(world, "wait", "inventory", "--to", "staging", "--live")
    assert (ended.code, "cluster/not-configured" in ended.err) == (2, True)
    flux.apis["e2e"].answer = (401, "{}")
    assert run(world, "wait", "inventory", "--to", "e2e", "--live").code == 4


def test_the_board_follows_the_cluster(world: RoadWorld, flux: FluxStand) -> None:
    with ServerProcess(world, ("--resync", "1s")) as server:
        server.ready()
        live = server.cell("e2e")["live"]
        assert (live["state"], live["tag"], live["release"]) == ("live", "1.1.3-rc1", RELEASE)
        assert server.cell("staging")["live"] is None

        flux.apply("e2e", "1.1.3-rc1")
        flux.clusters["e2e"].progressing(RELEASE)
        server.until(lambda: server.cell("e2e")["live"]["state"] == "rolling-out")
        assert server.cell("e2e")["state"] == "settled"
        assert "Flux is rolling out" in server.cell("e2e")["sentence"]

        flux.clusters["e2e"].failed(RELEASE, "timed out")
        server.until(lambda: server.cell("e2e")["live"]["message"] == "timed out")
        flux.apis["e2e"].answer = (503, "{}")
        server.until(lambda: server.cell("e2e")["live"]["reason"] == "cluster/busy")
        assert (server.cell("e2e")["tag"], server.cell("e2e")["faults"]) == ("1.1.3-rc1", [])
        assert server.cell("dev")["live"]["state"] == "live"
        assert server.stop() == 0
    assert TOKEN not in json.dumps(server.log)
