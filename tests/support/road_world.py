"""A whole world for tests of the road: registries, GitOps repositories, a local forge, a tidegate.yaml, people."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import tidegate
from support.cli import Ended
from support.git_worlds import bare_repository, commit_files, git
from support.road_texts import ACCOUNT_OF, PROJECT_OF, PROJECTS, Settings, file_of, helm_release, image_policy
from tidegate.registry.layout.registry import LayoutRegistry
from tidegate.testing.images import BuiltImage, build_index

CODE = str(Path(tidegate.__file__).parent.parent)
"""The processes of a test run the very code that the test imports."""


def release_image(seed: str = "inventory 1.1.3") -> BuiltImage:
    """Return an index of one image, small enough to be copied often."""
    return build_index(seed, layers=1, layer_bytes=70_000, platforms=("linux/amd64",))


@dataclass
class RoadWorld:
    """A folder that holds everything. It can be copied as it is: paths in its tidegate.yaml are relative.

    Args:
        folder: with `tidegate.yaml`, `forge/`, `registries/`, `home/` and `cache/`.
        variables: environment variables besides the usual ones.
    """

    folder: Path
    variables: dict[str, str] = field(default_factory=dict)

    @classmethod
    def empty(cls, folder: Path) -> RoadWorld:
        """Return a world of a home and three empty registries, without a tidegate.yaml."""
        (folder / "home").mkdir(parents=True)
        for account in ("dev", "e2e", "prd"):
            (folder / "registries" / account).mkdir(parents=True)
        return cls(folder)

    @classmethod
    def make(cls, folder: Path, settings: Settings | None = None) -> RoadWorld:
        """Return a new world with three empty repositories."""
        world = cls.empty(folder)
        world.configure(settings or Settings())
        for project in PROJECTS:
            bare_repository(folder / "forge", project, {"README.md": f"# {project}\n".encode()})
        return world

    def copy(self, folder: Path) -> RoadWorld:
        """Return a copy of this world in a folder that must not exist."""
        shutil.copytree(self.folder, folder, symlinks=True)
        return RoadWorld(folder, dict(self.variables))

    def configure(self, settings: Settings | str) -> None:
        """Write tidegate.yaml."""
        text = settings if isinstance(settings, str) else settings.text
        (self.folder / "tidegate.yaml").write_text(text)

    @property
    def environ(self) -> dict[str, str]:
        """The environment variables that a call gets: nothing of the machine's own."""
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder / "home"),
            "DOCKER_CONFIG": str(self.folder / "home" / ".docker"),
            "LC_ALL": "C.UTF-8",
            "AWS_EC2_METADATA_DISABLED": "true",
            "TIDEGATE_CACHE": str(self.folder / "cache"),
            "TIDEGATE_USER": "dana",
            **self.variables,
        }

    def repository(self, project: str) -> Path:
        """Return a project's bare repository."""
        return self.folder / "forge" / f"{project}.git"

    def layout(self, account: str) -> LayoutRegistry:
        """Return the image-layout folder of a registry account."""
        return LayoutRegistry(self.folder / "registries" / account)

    def push_image(self, environment: str, tag: str, image: BuiltImage, service: str = "inventory") -> None:
        """Put an image into an environment's image-layout folder; a tag moves when it is there."""
        image.push(self.layout(ACCOUNT_OF[environment]), service, tag)

    def commit(self, project: str, files: Mapping[str, bytes | None], branch: str = "main", subject: str = "") -> str:
        """Commit with plain git, as Petra Person."""
        return commit_files(self.repository(project), branch, files, subject or f"Change {', '.join(files)}")

    def declare(self, environment: str, tag: str, service: str = "inventory", **values: int | str) -> None:
        """Let an environment's main branch name a release."""
        files: dict[str, bytes | None] = {
            file_of(environment, service): helm_release(environment, tag, service, **values)
        }
        if environment == "dev":
            files[f"clusters/dev/{service}/policy.yaml"] = image_policy(service=service)
        self.commit(PROJECT_OF[environment], files)

    def read(self, project: str, path: str, branch: str = "main") -> bytes:
        """Return a file's bytes at a branch's head."""
        done = subprocess.run(
            ["git", "cat-file", "blob", f"refs/heads/{branch}:{path}"],
            cwd=self.repository(project),
            capture_output=True,
            check=True,
        )
        return done.stdout

    def log(self, project: str, format_: str, *arguments: str) -> str:
        """Return what plain `git log --first-parent` prints of a project's main branch."""
        return git("log", "--first-parent", f"--format={format_}", *arguments, "main", cwd=self.repository(project))

    def tidegate(self, *arguments: str, expect: int | None = 0, **variables: str) -> Ended:
        """Run `python -m tidegate -C FOLDER ARGUMENTS` as a process of its own.

        Args:
            arguments: the verb and what follows.
            expect: the exit code that it must have; None: any.
            variables: further environment variables.
        """
        done = subprocess.run(
            [sys.executable, "-m", "tidegate", "-C", str(self.folder), *arguments],
            env={"PYTHONPATH": CODE, **self.environ, **variables},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=60,
        )
        ended = Ended(done.returncode, done.stdout.decode(), done.stderr.decode())
        assert expect is None or ended.code == expect, f"{arguments} ended with {ended.code}:\n{ended.out}{ended.err}"
        assert "Traceback" not in ended.err
        return ended

    def json(self, *arguments: str, expect: int | None = 0, **variables: str) -> dict[str, Any]:
        """Run a command with `-o json` and return what it printed."""
        document: dict[str, Any] = json.loads(self.tidegate(*arguments, "-o", "json", expect=expect, **variables).out)
        assert document.pop("schemaVersion") == 1
        return document


def world_with_release(folder: Path, settings: Settings | None = None, *, until: str = "dev") -> RoadWorld:
    """Return a world of image-layout folders in which inventory 1.1.3 has come as far as environment `until`.

    What came before was written by plain git and by hand, so that no bug of a promotion can hide in it.
    """
    world = RoadWorld.make(folder, settings)
    image = release_image()
    tags = {"dev": "1.1.3", "e2e": "1.1.3-rc1", "staging": "1.1.3", "production": "1.1.3"}
    for environment, tag in tags.items():
        world.push_image(environment, tag, image)
        world.declare(environment, tag)
        if environment == until:
            break
    return world
