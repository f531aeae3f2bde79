"""Scene 4, production: SRE's merge request, two approvals, no copy."""

from __future__ import annotations

from typing import Final

from tidegate.cli.demo.scene import Beat, Scene
from tidegate.cli.demo.stage import Stage
from tidegate.errors import Blocked

_MERGE_REQUEST: Final = "platform/gitops-production!1"
_DELIVER: Final = ("deliver", "inventory", "--to", "production", "--as", "pipeline")


def _promote(stage: Stage) -> None:
    stage.tidegate("promote", "inventory", "--to", "production", "--as", "ruth", shows=[_MERGE_REQUEST])


def _one_approval(stage: Stage) -> None:
    stage.tell("ruth opened it, so that her own approval does not count, and ravi's alone is not enough.")
    stage.tidegate("mr", "approve", _MERGE_REQUEST, "--as", "ruth")
    stage.tidegate("mr", "approve", _MERGE_REQUEST, "--as", "ravi")
    stage.tidegate(*_DELIVER, ends=Blocked.exit_code, shows=["needs 1 more approval", "the author"])


def _second_approval(stage: Stage) -> None:
    stage.tell("rita's is the second one. --dry-run prints the very plan that would run: nothing to copy.")
    stage.tidegate("mr", "approve", _MERGE_REQUEST, "--as", "rita")
    stage.tidegate(*_DELIVER, "--dry-run", shows=["verify"])


def _deliver(stage: Stage) -> None:
    stage.tidegate(*_DELIVER)
    stage.tidegate("status", "inventory", "-o", "name", shows=["inventory/production=1.1.3"])


PRODUCTION: Final = Scene(
    "4. production: two of SRE",
    "Staging and production share the prd account: nothing is copied.",
    (
        Beat("production/promote", _promote),
        Beat("production/one-approval", _one_approval),
        Beat("production/second-approval", _second_approval),
        Beat("production/deliver", _deliver),
    ),
)
