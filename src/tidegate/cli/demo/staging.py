"""Scene 3, staging: other approvers, another account; by `promote`, and by a merge request that was made by hand."""

from __future__ import annotations

from typing import Final

from tidegate.cli.demo.scene import Beat, Scene
from tidegate.cli.demo.stage import Stage
from tidegate.errors import Blocked

_INVENTORY: Final = "platform/gitops-staging!1"
_ORDERS: Final = "platform/gitops-staging!2"
_BRANCH: Final = "orders-1.0.0"
_FILE: Final = "apps/orders/helmrelease.yaml"


def _promote(stage: Stage) -> None:
    stage.tidegate("plan", "inventory", "--to", "staging", "--as", "dana", shows=["1.1.3-rc2 → staging 1.1.3"])
    stage.tidegate("promote", "inventory", "--to", "staging", "--as", "dana", shows=[_INVENTORY])


def _unapproved(stage: Stage) -> None:
    stage.tell("Nobody has approved it: it does not move.")
    _refused(stage, "needs 1 approval")


def _wrong_approver(stage: Stage) -> None:
    stage.tell("dave may look, but he is not one of the staging approvers.")
    stage.tidegate("mr", "approve", _INVENTORY, "--as", "dave")
    _refused(stage, "dave's does not count")


def _approved(stage: Stage) -> None:
    stage.tell("sam is. Now the image is copied from the e2e account to the prd account, as 1.1.3, by its digest.")
    stage.tidegate("mr", "approve", _INVENTORY, "--as", "sam")
    stage.tidegate("deliver", "inventory", "--to", "staging", "--as", "pipeline")
    stage.tidegate("status", "inventory", "-o", "name", shows=["inventory/staging=1.1.3"])


def _by_hand(stage: Stage) -> None:
    stage.tell("orders goes by hand: a plain copy of e2e's HelmRelease, which still names the e2e account.")
    stage.git("gitops", "pull", "-q")
    stage.git("gitops-staging", "pull", "-q", "origin", "main")
    if stage.quiet_git("gitops-staging", "ls-remote", "--heads", "origin", _BRANCH):
        stage.aside(f"{_BRANCH} was pushed before the demo was interrupted")
        return
    stage.git("gitops-staging", "switch", "-q", "-C", _BRANCH, "main")
    stage.copy("work/gitops/clusters/e2e/orders/helmrelease.yaml", f"work/gitops-staging/{_FILE}")
    stage.git("gitops-staging", "add", _FILE)
    stage.git("gitops-staging", "commit", "-q", "-m", "orders 1.0.0 to staging")
    stage.git("gitops-staging", "push", "-q", "origin", _BRANCH)


def _open_by_hand(stage: Stage) -> None:
    title = ("--title", "orders 1.0.0 to staging")
    stage.tidegate(
        "mr", "open", "platform/gitops-staging", "--branch", _BRANCH, *title, "--as", "dana", shows=[_ORDERS]
    )


def _deliver_by_hand(stage: Stage) -> None:
    stage.tell("Approved, it gets its image copied and the prd account written into its manifest; then it is merged.")
    stage.tidegate("mr", "approve", _ORDERS, "--as", "stella")
    stage.tidegate("deliver", _ORDERS, "--as", "pipeline")
    stage.tidegate("status", "orders", "-o", "name", shows=["orders/staging=1.0.0"])


def _refused(stage: Stage, reason: str) -> None:
    blocked = Blocked.exit_code
    stage.tidegate("deliver", "inventory", "--to", "staging", "--as", "pipeline", ends=blocked, shows=[reason])


STAGING: Final = Scene(
    "3. staging: another repository, other approvers, another account",
    "What people approve already names the prd account; the image gets there before the merge.",
    (
        Beat("staging/promote", _promote),
        Beat("staging/unapproved", _unapproved),
        Beat("staging/wrong-approver", _wrong_approver),
        Beat("staging/approved", _approved),
        Beat("staging/by-hand", _by_hand),
        Beat("staging/open-by-hand", _open_by_hand),
        Beat("staging/deliver-by-hand", _deliver_by_hand),
    ),
)
