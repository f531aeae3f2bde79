"""Scene 1, dev: versions from git tags, and the ImagePolicy's range as minor releases happen."""

from __future__ import annotations

from functools import partial
from typing import Final

from tidegate.cli.demo.flux import play_image_automation
from tidegate.cli.demo.images import push_build
from tidegate.cli.demo.scene import Beat, Scene
from tidegate.cli.demo.stage import Stage
from tidegate.errors.demo import UnexpectedEnd

_WORK: Final = {
    "1.0.0": "Count what is on the shelves",
    "1.0.1": "Do not count what is broken",
    "1.0.2": "Count faster",
    "1.1.0": "Take stock at night",
    "1.1.1": "Take stock on Sundays, too",
    "1.1.2": "Do not wake anybody",
    "1.1.3": "Dim the lights",
}
"""Version of inventory → what was done for it."""


def _build(stage: Stage, version: str) -> None:
    """One turn of CI: a commit, its version, its image; then Flux's part."""
    _release(stage, "inventory", version, _WORK[version])
    stage.tidegate("policy", "show", "inventory", shows=[version])
    play_image_automation(stage, "inventory")


def _release(stage: Stage, service: str, version: str, work: str) -> None:
    if stage.quiet_git(service, "log", "-1", "--format=%s") != work:
        stage.git(service, "commit", "-q", "--allow-empty", "-m", work)
    stage.git(service, "push", "-q")
    _claim(stage, service, version)
    push_build(stage, service, version)


def _claim(stage: Stage, service: str, version: str) -> None:
    if stage.quiet_git(service, "ls-remote", "--tags", "origin", version):
        stage.aside(f"{version} was claimed before the demo was interrupted")
        return
    said = stage.tidegate("version", "next", service, "--push", inside=service).strip()
    if said != version:
        raise UnexpectedEnd(f"the next version of {service} is {said}, and the demo expected {version}")


def _open_line(stage: Stage) -> None:
    stage.tell("Something new is coming: a minor release. Its line is opened, and the range moves in its own style.")
    stage.tidegate("release", "minor", "inventory", "--dry-run", shows=["1.0.x → 1.1.x"])
    stage.tidegate("release", "minor", "inventory", "--as", "dana")


def _orders(stage: Stage) -> None:
    stage.tell("Another service, with an image of one platform.")
    _release(stage, "orders", "1.0.0", "Take the first order")
    play_image_automation(stage, "orders")


DEV: Final = Scene(
    "1. dev: a version for every build",
    "CI asks for the next version and claims it by a git tag. Flux deploys what the ImagePolicy selects.",
    (
        *(Beat(f"dev/{version}", partial(_build, version=version)) for version in ("1.0.0", "1.0.1", "1.0.2")),
        Beat("dev/open-line", _open_line),
        *(Beat(f"dev/{version}", partial(_build, version=version)) for version in ("1.1.0", "1.1.1", "1.1.2", "1.1.3")),
        Beat("dev/orders", _orders),
    ),
)
