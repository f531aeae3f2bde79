"""The demo does what it says, in a world that a person may interrupt, finish, look at and make anew."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.demo_runs import digest_in, finish, interrupt, start, state_of
from support.git_worlds import git
from tidegate.cli.demo import command
from tidegate.cli.demo.progress import taken
from tidegate.cli.demo.scene import Beat, Scene
from tidegate.cli.demo.stage import Stage
from tidegate.cli.frame import run
from tidegate.errors.demo import WorldBusy

ROAD = {"dev": "1.1.3", "e2e": "1.1.3-rc2", "prd": "1.1.3"}


@dataclass(frozen=True)
class Finished:
    """A demo that nobody interrupted."""

    root: Path
    out: str

    @property
    def world(self) -> Path:
        return self.root / "demo"


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Finished:
    root = tmp_path_factory.mktemp("finished")
    code, out, err = finish(start(root))
    assert code == 0, out + err
    return Finished(root, out)


def test_every_scene_is_played(finished: Finished) -> None:
    places = [finished.out.index(f"== {scene.title} ==") for scene in command.SCENES]
    assert places == sorted(places)


def test_skopeo_reads_one_digest_in_all_accounts(finished: Finished) -> None:
    registries = finished.world / "registries"
    digests = {digest_in(registries / account / "inventory", tag) for account, tag in ROAD.items()}
    assert len(digests) == 1
    assert digests.pop() in finished.out
    assert digest_in(registries / "e2e/inventory", "1.1.3-rc1") != digest_in(registries / "e2e/inventory", "1.1.3-rc2")


def test_git_tells_the_story_again(finished: Finished) -> None:
    platform = finished.world / "forge" / "platform"
    tags = git("tag", "--list", "[0-9]*.[0-9]", cwd=platform / "inventory.git").split()
    assert tags == ["1.0.0", "1.0.1", "1.0.2", "1.1.0", "1.1.1", "1.1.2", "1.1.3"]
    for project, merges in (("gitops", 3), ("gitops-staging", 2), ("gitops-production", 1)):
        assert len(git("rev-list", "--merges", "main", cwd=platform / f"{project}.git").split()) == merges
    manifest = git("show", "main:apps/inventory/helmrelease.yaml", cwd=platform / "gitops-production.git")
    assert "repository: 333333333333.dkr.ecr.eu-west-2.amazonaws.com/inventory\n      tag: 1.1.3" in manifest
    assert "replicaCount: 6" in manifest
    by_hand = git("show", "main:apps/orders/helmrelease.yaml", cwd=platform / "gitops-staging.git")
    assert by_hand.endswith("image: 333333333333.dkr.ecr.eu-west-2.amazonaws.com/orders:1.0.0")


def test_each_thing_to_try_works(finished: Finished, tmp_path: Path) -> None:
    world = shutil.copytree(finished.world, tmp_path / "demo")
    tries = [line.strip() for line in finished.out.partition("Try in it:")[2].splitlines() if "tidegate -C" in line]
    assert any("promote" in line for line in tries)
    assert tries.pop() == "tidegate -C demo serve --as ruth", "which would not end: test_board_in_browser has it"
    environ = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "TIDEGATE_CACHE": str(tmp_path / "cache")}
    for line in tries:
        tried = subprocess.run(
            ["sh", "-c", line], cwd=world.parent, env=environ, capture_output=True, text=True, check=False
        )
        assert tried.returncode == 0, f"{line}\n{tried.stdout}{tried.stderr}"


def test_interrupted_anywhere_it_comes_to_the_same_end(finished: Finished, tmp_path: Path) -> None:
    """Begins in a finished world, which is made anew; then killed or interrupted again and again, and finished."""
    shutil.copytree(finished.world, tmp_path / "demo", symlinks=True)
    moments = (  # far enough from each other that a fast machine does not pass the next one before the signal comes
        ("gets a tidegate.yaml", 0.05, signal.SIGKILL),
        ("amazonaws.com/inventory:1.0.0 and pushes it", 0.0, signal.SIGKILL),  # the version is claimed
        ("release minor inventory --as dana", 0.05, signal.SIGINT),
        ("deliver inventory --to e2e", 0.1, signal.SIGINT),
        ("deliver --all", 0.1, signal.SIGKILL),
        ("promote inventory --to staging", 0.05, signal.SIGINT),
        ("mr approve 'platform/gitops-staging!1' --as sam", 0.1, signal.SIGKILL),
        ("push -q origin orders-1.0.0", 0.0, signal.SIGKILL),
        ("deliver 'platform/gitops-staging!2'", 0.1, signal.SIGINT),
        ("promote inventory --to production", 0.1, signal.SIGKILL),
    )
    for text, delay, number in moments:
        code, err = interrupt(start(tmp_path), text, delay, number)
        # When Ctrl-C meets the making of a dataclass, Python ends itself by SIGINT; to a shell that is 130, too.
        assert code in ({130, -number} if number is signal.SIGINT else {-number}), f"{text}\n{err}"
        if number is signal.SIGINT:
            assert "the same command goes on where this one stopped" in err
    code, out, err = finish(start(tmp_path))
    assert code == 0, out + err
    assert "An interrupted demo goes on" in out
    assert state_of(tmp_path / "demo") == state_of(finished.world)


def test_a_folder_that_is_no_world_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "important.txt").write_text("mine")
    code, _, err = finish(start(tmp_path, "notes"))
    assert code == 2
    assert "demo/folder-taken" in err
    assert [path.name for path in (tmp_path / "notes").iterdir()] == ["important.txt"]


def test_two_demos_do_not_share_a_folder(tmp_path: Path) -> None:
    with taken(tmp_path / "demo"), pytest.raises(WorldBusy), taken(tmp_path / "demo"):
        pass


def test_a_step_that_does_not_do_what_its_scene_says_fails_the_demo(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def lie(stage: Stage) -> None:
        stage.tidegate("deliver", "orders", "--to", "e2e", ends=11)

    scenes = (command.SCENES[0], Scene("A lie", "It says that it is refused.", (Beat("lie", lie),)))
    monkeypatch.setattr(command, "SCENES", scenes)
    assert run(["demo", str(tmp_path / "demo")], {"PATH": os.environ["PATH"]}) == 1
    assert "demo/unexpected-end" in capsys.readouterr().err
