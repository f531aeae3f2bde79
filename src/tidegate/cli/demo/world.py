"""Making the demo's world: the configuration, the forge's bare repositories, checkouts of them, and the old images."""

from __future__ import annotations

import shutil
from importlib import resources
from typing import Final

from tidegate.cli.demo.images import push_old_inventory
from tidegate.cli.demo.stage import Stage

PROJECTS: Final = {
    "gitops": "dana",
    "gitops-staging": "dana",
    "gitops-production": "ruth",
    "inventory": "dana",
    "orders": "dana",
}
"""The forge's projects, all below `platform/`, and who works in the checkout of each."""

_PARTS: Final = ("forge", "registries", "work", ".cache", "tidegate.yaml")


def make_world(stage: Stage) -> None:
    """Make the world anew; what else lies in the folder stays."""
    stage.tell(
        f"{stage.shown}/ gets a tidegate.yaml, three registry accounts (OCI image layouts) and five git repositories.\n"
        "inventory 0.9.4 is everywhere already: it was brought by hand, in older times."
    )
    for name in _PARTS:
        part = stage.folder / name
        if part.is_dir() and not part.is_symlink():
            shutil.rmtree(part)
        else:
            part.unlink(missing_ok=True)
    with resources.as_file(resources.files("tidegate.cli.demo") / "files") as files:
        shutil.copytree(files, stage.folder, dirs_exist_ok=True)
    for project, person in PROJECTS.items():
        _make_project(stage, project, person)
    push_old_inventory(stage)


def _make_project(stage: Stage, project: str, person: str) -> None:
    bare = stage.folder / "forge" / "platform" / f"{project}.git"
    bare.parent.mkdir(parents=True, exist_ok=True)
    stage.hands.run("init", "--quiet", "--bare", "--initial-branch=main", str(bare))
    stage.hands.run("init", "--quiet", "--initial-branch=main", str(stage.checkout(project)))
    for command in (
        ("config", "user.name", person),
        ("config", "user.email", f"{person}@example.com"),
        ("config", "pull.ff", "only"),
        ("remote", "add", "origin", f"../../forge/platform/{project}.git"),
        ("add", "--all"),
        ("commit", "--quiet", "--message", "Begin"),
        ("push", "--quiet", "--set-upstream", "origin", "main"),
    ):
        stage.quiet_git(project, *command)
