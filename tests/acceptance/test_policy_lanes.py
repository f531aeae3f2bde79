"""Lanes through the command line, over bare repositories and image-layout folders."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from support.cli import Ended, tidegate
from support.git_worlds import bare_repository, git
from support.report_schemas import CODE_QUALITY, SARIF
from support.road_texts import DEV, Settings, file_of, image_policy
from support.road_world import RoadWorld, release_image

POLICY = "clusters/dev/inventory/policy.yaml"
SETTINGS = Settings(services="  inventory: {image: inventory, source: team/inventory}")


class Lanes:
    """Inventory 1.1.3 in dev, with its source."""

    def __init__(self, folder: Path) -> None:
        self.road = RoadWorld.make(folder, SETTINGS)
        bare_repository(folder / "forge", "team/inventory", {"main.py": b"print()\n"})
        self.build("1.1.2", "1.1.3")
        self.road.declare("dev", "1.1.3")
        self.road.commit(DEV, {POLICY: image_policy("~1.1.0")})

    def build(self, *versions: str) -> None:
        """Tag versions in the source and push their images."""
        for version in versions:
            git("tag", version, "main", cwd=self.road.repository("team/inventory"))
            self.road.push_image("dev", version, release_image(f"inventory {version}"))

    def call(self, *arguments: object, ends: int = 0) -> Ended:
        ended = tidegate("-C", self.road.folder, *arguments, environ=self.road.environ)
        assert ended.code == ends, ended.out + ended.err
        return ended

    def json(self, *arguments: object, ends: int = 0) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.call(*arguments, "-o", "json", ends=ends).out)
        return document

    def policy(self, branch: str = "main") -> bytes:
        return self.road.read(DEV, POLICY, branch)


@pytest.fixture
def lanes(tmp_path: Path) -> Lanes:
    return Lanes(tmp_path / "world")


def test_show_and_test_on_the_registry_s_real_tags(lanes: Lanes) -> None:
    lanes.build("1.2.0")
    shown = lanes.call("policy", "show").out.splitlines()
    assert shown[0].split() == ["SERVICE", "ENVIRONMENT", "RANGE", "SELECTS", "DECLARED", "NEWER,", "OUTSIDE"]
    assert shown[1].split("  ")[-1].strip() == "1.2.0 (outside the range ~1.1.0)"
    (lane,) = lanes.json("policy", "show", "inventory", "--in", "dev")["lanes"]
    assert (lane["selects"], lane["words"], lane["hold"]) == ("1.1.3", "~1.1.0", None)
    assert lanes.call("policy", "show", "-o", "name").out == "1.1.3\n"

    lanes.road.commit(DEV, {POLICY: image_policy("1.4.x")})
    nothing = lanes.call("policy", "show").out.splitlines()
    assert nothing[0].split()[-1] == "OUTSIDE"
    assert "NEWER" not in nothing[0]
    lanes.road.commit(DEV, {POLICY: image_policy("~1.1.0")})

    explained = lanes.call("policy", "test", "--policy", "inventory", "--explain").out
    assert "1.1.2" in explained
    assert "in the range, and lower than 1.1.3" in explained
    (trial,) = lanes.json("policy", "test", "--policy", "inventory", "--explain")["policies"]
    assert {each["tag"]: each["outcome"] for each in trial["tags"]} == {
        "1.2.0": "outside-range",
        "1.1.3": "taken",
        "1.1.2": "lower",
    }


def test_a_file_and_tags_need_no_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "policy.yaml").write_bytes(image_policy("1.0.x"))
    call = ("-C", tmp_path, "policy", "test", "--policy", "policy.yaml")
    for text in ("1.0.0\n1.0.1\n2.0.0\n", '["2.0.0", "1.0.1", "1.0.0"]'):
        (tmp_path / "tags").write_text(text)
        ended = tidegate(*call, "--tags", "tags", "-o", "name")
        assert (ended.code, ended.out) == (0, "1.0.1\n")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"2.0.0\n")))
    ended = tidegate(*call, "--tags", "-", "--explain")
    assert ended.code == 1
    assert "✗ nothing: no tag is a version in the range 1.0.x" in ended.out
    assert "outside the range 1.0.x" in ended.out
    bare = tidegate(*call)
    assert (bare.code, "policy/tags-unreadable" in bare.err) == (2, True)
    assert tidegate("-C", tmp_path, "policy", "test", "--policy", "other.yaml").code == 2


def test_release_shows_before_and_after_and_then_does_it(lanes: Lanes) -> None:
    before = lanes.policy()
    planned = lanes.call("release", "minor", "inventory", "--dry-run")
    assert "+      range: ~1.2.0" in planned.out
    assert "1.1.3 → nothing yet" in planned.out
    plan = lanes.json("release", "minor", "inventory", "--dry-run")["plan"]
    assert [step["kind"] for step in plan["steps"]] == ["claim-line", "commit-files"]
    assert "+      range: ~1.2.0" in plan["diff"]
    assert lanes.policy() == before
    record = lanes.json("release", "minor", "inventory")
    assert "plan" not in record
    assert (record["line"], record["lanes"][0]["range"]) == ("1.2", {"before": "~1.1.0", "after": "~1.2.0"})
    assert lanes.policy() == before.replace(b"~1.1.0", b"~1.2.0")
    assert "1.2.x" in git("tag", cwd=lanes.road.repository("team/inventory")).split()
    lanes.call("release", "minor", "inventory", "--merge-request")
    assert lanes.json("mr", "list")["mergeRequests"] == []


def test_release_by_merge_request_as_configured(lanes: Lanes) -> None:
    lanes.road.configure(SETTINGS.text.replace("deploy: auto", "deploy: auto, ranges: merge-request"))
    before = lanes.policy()
    lanes.call("release", "minor", "inventory")
    assert lanes.policy() == before
    proposed = lanes.json("check", "--branch", "tidegate/inventory/line-1.2")["findings"]
    assert [(each["rule"], each["severity"]) for each in proposed] == [("selects-nothing", "warning")]
    assert lanes.policy("tidegate/inventory/line-1.2") == before.replace(b"~1.1.0", b"~1.2.0")
    lanes.call("release", "minor", "inventory", "--commit")
    assert lanes.policy() == before.replace(b"~1.1.0", b"~1.2.0")


def test_a_style_that_can_not_move_says_file_line_and_range(lanes: Lanes) -> None:
    lanes.road.commit(DEV, {POLICY: image_policy("'>=1.1.0 <1.1.9'")})
    ended = lanes.call("release", "minor", "inventory", ends=2)
    assert f"where: {POLICY}:11" in ended.err
    assert "hint:  write 1.2.x" in ended.err


def test_hold_and_resume(lanes: Lanes) -> None:
    before = lanes.policy()
    hold = ("policy", "hold", "inventory", "--in", "dev", "--reason", "1.1.3 loses orders")
    assert "+      range: 1.1.2" in lanes.call(*hold, "--at", "1.1.2", "--dry-run").out
    assert "+      range: 1.1.2" in lanes.json(*hold, "--at", "1.1.2", "--dry-run")["plan"]["diff"]
    assert lanes.policy() == before
    lanes.call(*hold, "--at", "1.1.2", "--until", "2999-12-31")
    assert b"range: 1.1.2\n" in lanes.policy()
    shown = lanes.call("policy", "show").out
    assert "held at 1.1.2 by dana" in shown
    assert "until 2999-12-31: 1.1.3 loses orders" in shown
    assert lanes.call(*hold, "--at", "1.1.2", "--until", "2999-12-31").out == ""
    refused = lanes.call(*hold, "--at", "1.1.3", ends=11)
    assert "held at 1.1.2 by dana" in refused.err
    assert "tidegate policy resume inventory --in dev" in refused.err
    lanes.call("policy", "check")
    lanes.call("policy", "resume", "inventory", "--in", "dev")
    assert lanes.policy() == before
    assert "nothing to do" in lanes.call("policy", "resume", "inventory", "--in", "dev").err
    subjects = lanes.road.log(DEV, "%s").splitlines()
    assert f"{POLICY}:11: ~1.1.0 → 1.1.2, held at 1.1.2 by dana" in lanes.road.log(DEV, "%b")
    assert subjects[:2] == ["Resume inventory in dev", "Hold inventory in dev at 1.1.2"]


@pytest.mark.parametrize(
    "wrong",
    [
        ["--at", "1.1"],
        ["--at", "1.1.2", "--until", "2001-01-01"],
        ["--at", "1.1.2", "--until", "soon"],
        ["--at", "1.1.2", "--until", "2999-01-01", "--until-promoted"],
        ["--at", "1.1.2", "--reason", " "],
        ["--at", "1.1.2", "--reason", "two\nlines"],
        ["--at", "9.9.9"],
    ],
    ids=str,
)
def test_a_hold_that_makes_no_sense(lanes: Lanes, wrong: list[str]) -> None:
    before = lanes.policy()
    lanes.call("policy", "hold", "inventory", "--in", "dev", "--reason", "x", *wrong, ends=2)
    assert lanes.policy() == before


def test_sync_proposes_and_adopts(lanes: Lanes) -> None:
    assert "every lane is up to date" in lanes.call("policy", "sync").err
    lanes.build("1.2.0")
    before = lanes.policy()
    dry = lanes.call("policy", "sync", "--dry-run")
    assert "+      range: ~1.2.0" in dry.out
    assert "1.1.3 → 1.2.0" in dry.out
    assert "+      range: ~1.2.0" in lanes.json("policy", "sync", "--dry-run")["plan"]["diff"]
    (moved,) = lanes.json("policy", "sync")["lanes"]
    assert moved["selects"] == {"before": "1.1.3", "after": "1.2.0"}
    assert lanes.policy("tidegate/policy-sync") == before.replace(b"~1.1.0", b"~1.2.0")
    assert lanes.call("policy", "sync", "--dry-run", "-o", "name").out == "inventory/dev\n"
    lanes.call("policy", "sync")
    (request,) = lanes.json("mr", "list")["mergeRequests"]
    assert request["title"] == "Policy sync: inventory"
    lanes.road.commit(DEV, {POLICY: image_policy("'>=1.1.0 <1.1.9'")})
    refused = lanes.call("policy", "sync", ends=1)
    assert f"by hand: {POLICY}:11" in refused.err
    assert lanes.json("policy", "sync", ends=1)["refused"][0]["hint"] == "write 1.2.x"


def test_a_hold_that_is_over_is_reported_and_lifted(lanes: Lanes) -> None:
    before = lanes.policy()
    hold = ("policy", "hold", "inventory", "--in", "dev", "--at", "1.1.2", "--reason", "e2e first", "--until-promoted")
    lanes.call(*hold)
    lanes.call("check")
    lanes.road.declare("e2e", "1.1.2-rc1")
    (finding,) = lanes.json("check", ends=1)["findings"]
    assert (finding["rule"], finding["line"]) == ("hold-over", 7)
    assert "e2e has 1.1.2" in finding["what"]
    lanes.call("policy", "sync")
    assert lanes.policy("tidegate/policy-sync") == before


def test_check_in_a_pipeline(lanes: Lanes) -> None:
    assert lanes.call("policy", "check").err == "no findings\n"
    lanes.road.commit(DEV, {POLICY: image_policy("1.4.x")}, branch="change")
    lanes.call("check")
    branch = ("--branch", "change", "--repo", DEV)
    found = lanes.json("policy", "check", *branch, ends=1)["findings"]
    assert [(each["rule"], each["file"], each["line"]) for each in found] == [("selects-nothing", POLICY, 11)]
    assert f"{DEV}: {POLICY}:11" in lanes.call("check", *branch, ends=1).out
    sarif = json.loads(lanes.call("check", *branch, "--format", "sarif", ends=1).out)
    Draft202012Validator(SARIF).validate(sarif)
    quality = json.loads(lanes.call("policy", "check", *branch, "--format", "codequality", ends=1).out)
    Draft202012Validator(CODE_QUALITY).validate(quality)
    assert (len(sarif["runs"][0]["results"]), len(quality)) == (1, 1)
    assert lanes.call("check", "--repo", "else/where", ends=2).out == ""
    lanes.road.configure(SETTINGS.text + "policy: {ignore: {selects-nothing: the first build comes later}}\n")
    ended = lanes.call("policy", "check", *branch)
    assert (ended.out, ended.err) == (
        "",
        "no findings\nignored: 1 × selects-nothing: the first build comes later\n",
    )
    lanes.road.configure(SETTINGS.text + "policy: {ignore: {select-nothing: typo}}\n")
    assert "did you mean selects-nothing?" in lanes.call("check", ends=2).err


def test_a_setter_marker_without_policy_is_found_in_the_release(lanes: Lanes) -> None:
    path = file_of("dev")
    release = lanes.road.read(DEV, path).replace(b"flux-system:inventory:tag", b"flux-system:inventary:tag")
    lanes.road.commit(DEV, {path: release})
    (finding,) = lanes.json("check", ends=1)["findings"]
    assert (finding["rule"], finding["file"], finding["line"]) == ("marker-without-policy", path, 17)
    assert "flux-system:inventory:tag" in finding["instead"]
    (lane,) = lanes.json("policy", "show")["lanes"]
    assert "there is no such ImagePolicy" in lane["error"]
    refused = lanes.json("policy", "sync", ends=1)["refused"]
    assert [(each["environment"], each["place"]) for each in refused] == [("dev", f"{DEV}: clusters/dev/inventory/")]
    assert "by hand: " in lanes.call("policy", "sync", ends=1).err
    assert "there is no such ImagePolicy" in lanes.call("release", "minor", "inventory", ends=2).err


def test_release_shows_lanes_that_stay_too(lanes: Lanes) -> None:
    lanes.road.commit(DEV, {POLICY: image_policy("1.x")})
    planned = lanes.call("release", "minor", "inventory", "--dry-run").out
    assert planned.splitlines()[-1].split("  ")[-1].startswith("it lets the line 1.2 through already")
    assert "1.1.3 → 1.1.3" in planned
    (lane,) = lanes.json("release", "minor", "inventory")["lanes"]
    assert (lane["range"], lane["selects"]) == (
        {"before": "1.x", "after": "1.x"},
        {"before": "1.1.3", "after": "1.1.3"},
    )
    assert "1.2.x" in git("tag", cwd=lanes.road.repository("team/inventory")).split()
