"""`tidegate init` on repositories that exist: what it writes works, and nothing that is there is touched."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from support.git_worlds import bare_repository, git
from support.gitlab_pipelines import SCHEDULE, PipelineCheckout, merge_request_variables
from support.gitlab_stand import Stand, gitlab_stand
from support.golden import assert_golden
from support.road_texts import HOSTS, PROJECTS
from support.road_world import RoadWorld, world_with_release

APPROVALS = (
    "--approvals",
    "e2e=0",
    "--approvals",
    "staging=1:group:platform/staging-approvers",
    "--approvals",
    "production=2",
)
NAMES = ("--registry", f"prd={HOSTS['prd']}")
ENDPOINTS = tuple(word for name in HOSTS for word in ("--endpoint", f"{name}=oci-layout:./registries/{name}"))


@pytest.fixture
def world(tmp_path: Path) -> RoadWorld:
    """A world without a tidegate.yaml, with inventory everywhere, and the application's repository."""
    world = world_with_release(tmp_path / "world", until="production")
    (world.folder / "tidegate.yaml").unlink()
    application = bare_repository(world.folder / "forge", "team/inventory", {"main.go": b"package main\n"})
    git("tag", "v1.1.3", "main", cwd=application)
    return world


@pytest.fixture
def repositories() -> list[str]:
    return [f"forge/{project}.git" for project in (*PROJECTS, "team/inventory")]


def test_what_is_written_works(world: RoadWorld, repositories: list[str]) -> None:
    told = world.tidegate("init", *repositories, *APPROVALS, *NAMES, *ENDPOINTS)
    assert told.out == ""
    assert told.err == f"{world.folder}/tidegate.yaml is written\n"
    assert_golden("init/tidegate.yaml", (world.folder / "tidegate.yaml").read_text())
    world.tidegate("config", "check")
    world.tidegate("check")
    cells = {cell["environment"]: cell["tag"] for cell in world.json("status")["cells"]}
    assert cells == {"dev": "1.1.3", "e2e": "1.1.3-rc1", "staging": "1.1.3", "production": "1.1.3"}


def test_nothing_is_overwritten(world: RoadWorld, repositories: list[str]) -> None:
    call = ("init", *repositories, *APPROVALS, *NAMES, *ENDPOINTS)
    file = world.folder / "tidegate.yaml"
    shown = world.tidegate(*call, "--dry-run").out
    assert not file.exists()
    world.tidegate(*call)
    assert file.read_text() == shown
    assert "is there already, just so" in world.tidegate(*call).err
    file.write_text(mine := shown.replace("count: 2", "count: 3"))
    refused = world.tidegate(*call, expect=1)
    assert "init/file-exists" in refused.err
    assert "\n-    approvals: {count: 3," in refused.out
    assert "\n+    approvals: {count: 2," in refused.out
    assert file.read_text() == mine
    world.tidegate(*call, "--file", "other.yaml")
    assert (world.folder / "other.yaml").read_text() == shown


def test_without_a_terminal_every_question_is_named_with_its_option(world: RoadWorld, repositories: list[str]) -> None:
    refused = world.tidegate("init", *repositories, expect=2)
    assert "init/unanswered" in refused.err
    command = [sys.executable, "-m", "tidegate", "-C", str(world.folder), "init", *repositories]
    closed = subprocess.run(
        ["sh", "-c", '"$@" <&-', "sh", *command], capture_output=True, text=True, env=world.environ, check=False
    )
    assert (closed.returncode, closed.stderr) == (2, refused.err)
    for option in ("--approvals e2e=0", "--approvals staging=1", "--approvals production=1", "--yes"):
        assert option in refused.err
    assert not (world.folder / "tidegate.yaml").exists()
    world.tidegate("init", *repositories, "--yes")
    assert (
        yaml.safe_load((world.folder / "tidegate.yaml").read_text())["environments"]["staging"]["approvals"]["count"]
        == 1
    )


def test_a_person_is_asked_for_what_is_not_seen(world: RoadWorld, repositories: list[str]) -> None:
    """On a terminal: the first suggestion is taken, the others are answered."""
    ours, theirs = os.openpty()
    asking = subprocess.Popen(
        [sys.executable, "-m", "tidegate", "-C", str(world.folder), "init", *repositories],
        env=world.environ,
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    os.write(ours, b"\n1:group:platform/staging-approvers\n2:user:ann,user:bob\n")
    out, err = asking.communicate(timeout=60)
    os.close(ours)
    os.close(theirs)
    assert asking.returncode == 0, err.decode()
    assert out == b""
    assert b"how many must approve for e2e" in err
    environments = yaml.safe_load((world.folder / "tidegate.yaml").read_text())["environments"]
    assert "approvals" not in environments["e2e"]
    assert environments["staging"]["approvals"]["from"] == ["group:platform/staging-approvers"]
    assert environments["production"]["approvals"]["count"] == 2


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("forge/team/inventory.git",), "init/nothing-seen"),
        (("registries",), "git/repository-missing"),
        (("forge/platform/gitops.git", "--yes", "--endpoint", "prd=http://127.0.0.1:1"), "init/answer-unknown"),
        (("forge/platform/gitops.git", "--yes", "--endpoint", "dev=nowhere"), "config/invalid"),
        (("forge/platform/gitops.git", "--approvals", "e2e=many"), "tidegate/usage"),
        (("forge/platform/gitops.git", "--name", "x"), "tidegate/usage"),
        (("forge/platform/gitops.git", "elsewhere"), "init/forges-differ"),
    ],
)
def test_mistakes_have_names(world: RoadWorld, arguments: tuple[str, ...], code: str) -> None:
    bare_repository(world.folder, "else/where", {"a": b"a\n"})
    words = [word.replace("elsewhere", "else/where.git") for word in arguments]
    refused = world.tidegate("init", *words, expect=None)
    assert refused.code == 2 or code.startswith("git/")
    assert code in refused.err
    assert not (world.folder / "tidegate.yaml").exists()


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[Stand]:
    with gitlab_stand(tmp_path / "world", until="production") as stand:
        yield stand


def checkouts(stand: Stand) -> dict[str, PipelineCheckout]:
    return {project: stand.checkout(project) for project in (*PROJECTS, "platform/inventory")}


def test_checkouts_of_gitlab_projects_and_their_lines_for_pipelines(stand: Stand) -> None:
    """The lines are taken as they are printed, and the pipelines have the jobs that they should have."""
    found = checkouts(stand)
    (stand.world.folder / "tidegate.yaml").unlink()
    folders = [str(each.folder) for each in found.values()]
    told = stand.world.tidegate("init", *folders, *APPROVALS, *NAMES, "--components", "platform/tidegate@0.1.0")
    written = yaml.safe_load((stand.world.folder / "tidegate.yaml").read_text())
    assert written["forge"] == {"type": "gitlab", "url": stand.gitlab.url}
    assert written["services"] == {"inventory": {"source": "platform/inventory"}}
    assert "glpat-" not in told.out + told.err + (stand.world.folder / "tidegate.yaml").read_text()
    assert_golden("init/pipelines.yml", told.out)
    for text, (project, checkout) in zip(told.out.split("---\n")[1:], found.items(), strict=True):
        assert text.startswith(f"# .gitlab-ci.yml of {project}: add\n")
        checkout.configure(yaml.safe_load(text))
    delivering = {project for project, each in found.items() if "tidegate-deliver" in each.jobs(SCHEDULE)}
    checking = {
        project for project, each in found.items() if "tidegate-check" in each.jobs(merge_request_variables("x"))
    }
    assert (delivering, checking) == ({PROJECTS[0]}, set(PROJECTS))
    assert set(found["platform/inventory"].jobs({})) == {"tidegate-version", "tidegate-promote"}


def test_addresses_are_read_with_the_token(stand: Stand) -> None:
    addresses = [f"{stand.gitlab.url}/{project}.git" for project in PROJECTS]
    shown = stand.world.tidegate("init", *addresses, "--yes", "--dry-run", "--file", "new.yaml").out
    assert yaml.safe_load(shown.partition("\n---\n")[0])["forge"]["url"] == stand.gitlab.url
    refused = stand.world.tidegate("init", *addresses, "--yes", "--dry-run", expect=4, GITLAB_TOKEN="")
    assert "git/unauthorized" in refused.err
