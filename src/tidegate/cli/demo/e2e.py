"""Scene 2, e2e: release candidates under tags of their own."""

from __future__ import annotations

from typing import Final

from tidegate.cli.demo.images import push_build
from tidegate.cli.demo.scene import Beat, Scene
from tidegate.cli.demo.stage import Stage


def _promote(stage: Stage) -> None:
    stage.tidegate("promote", "inventory", "--to", "e2e", "--as", "dana", shows=["1.1.3-rc1"])


def _deliver(stage: Stage) -> None:
    stage.tell("The pipeline reads the tag in the merge request, makes exactly that image exist, and merges.")
    stage.tidegate("deliver", "inventory", "--to", "e2e", "--as", "pipeline")
    stage.tidegate("status", "inventory", "-o", "name", shows=["inventory/e2e=1.1.3-rc1"])


def _rebuild(stage: Stage) -> None:
    stage.tell("The tests find something in the base image: 1.1.3 is built again. A new digest gets the next number.")
    push_build(stage, "inventory", "1.1.3", "rebuilt")


def _promote_again(stage: Stage) -> None:
    stage.tidegate("promote", "inventory", "--to", "e2e", "--as", "dana", shows=["1.1.3-rc2"])


def _deliver_again(stage: Stage) -> None:
    stage.tidegate("deliver", "inventory", "--to", "e2e", "--as", "pipeline")
    stage.tidegate("status", "inventory", "-o", "name", shows=["inventory/e2e=1.1.3-rc2"])


def _orders(stage: Stage) -> None:
    stage.tell("orders goes the same way. e2e has none yet: its HelmRelease comes along, without Flux's marker.")
    stage.tidegate("promote", "orders", "--to", "e2e", "--as", "dana", shows=["1.0.0-rc1"])


def _deliver_orders(stage: Stage) -> None:
    stage.tell("This time with --all: every open merge request that is ready, as a scheduled pipeline would do it.")
    stage.tidegate("deliver", "--all", "--as", "pipeline")
    stage.tidegate("status", "orders", "-o", "name", shows=["orders/e2e=1.0.0-rc1"])


E2E: Final = Scene(
    "2. e2e: a candidate by merge request",
    "The release moves to the e2e account as 1.1.3-rc1. Replicas and host name stay as e2e has them.",
    (
        Beat("e2e/promote", _promote),
        Beat("e2e/deliver", _deliver),
        Beat("e2e/rebuild", _rebuild),
        Beat("e2e/promote-again", _promote_again),
        Beat("e2e/deliver-again", _deliver_again),
        Beat("e2e/orders", _orders),
        Beat("e2e/deliver-orders", _deliver_orders),
    ),
)
