"""The how-to page on clusters: its configuration is whole; rights and words are those that are used."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
import yaml

from support.cli import tidegate
from support.configs import SMALL, load_text
from support.documents import blocks
from tidegate.cli.document import Document
from tidegate.cli.live import live_cell
from tidegate.cluster.cluster import API_GROUP
from tidegate.engine.live import LiveState
from tidegate.model.cluster_access import ClusterAccess

PAGE = (Path(__file__).parents[2] / "docs/how-to/watch-flux.md").read_text(encoding="utf-8")
CONFIGURATION, RIGHTS = blocks(PAGE, "yaml")


def test_the_configuration_is_whole(tmp_path: Path) -> None:
    written = yaml.safe_load(CONFIGURATION)["environments"]["production"]["cluster"]
    text = SMALL.replace("live: {", f"live: {{cluster: {written}, ")
    environment = load_text(tmp_path, text).pipeline.environment("live")
    assert environment is not None
    assert environment.cluster == ClusterAccess(None, "PRD_KUBECONFIG", "prd", ("apps",))


def test_the_rights_are_those_that_are_used() -> None:
    role, binding = yaml.safe_load_all(RIGHTS)
    assert role["rules"] == [{"apiGroups": [API_GROUP], "resources": ["helmreleases"], "verbs": ["list"]}]
    assert binding["roleRef"]["name"] == role["metadata"]["name"]


@pytest.mark.parametrize("line", [line for each in blocks(PAGE, "console") for line in each.splitlines()])
def test_the_commands_exist(line: str) -> None:
    _, *words = shlex.split(line.removeprefix("$ "))
    shown = tidegate(words[0], "--help")
    assert shown.code == 0
    assert all(word in shown.out for word in words if word.startswith("--"))


def test_the_table_has_every_word() -> None:
    told = re.findall(r"^\| (?:1\.1\.2 )?([a-z ]+) \|", PAGE, re.MULTILINE)
    cells = [Document({"live": {"state": state.value, "tag": None}, "tag": "1"}) for state in LiveState]
    words = [getattr(word, "text", word) for word in map(live_cell, cells)]
    assert told == [str(word).lstrip("✗? ") for word in words]
