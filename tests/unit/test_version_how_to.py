"""The how-to page on versions shows commands that exist, and its GitLab jobs are YAML."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
import yaml

from support.cli import tidegate
from support.documents import blocks
from tidegate.engine.versions.branch_versions import branch_label

PAGE = (Path(__file__).parents[2] / "docs/how-to/version-builds.md").read_text(encoding="utf-8")
JOBS = [job for block in blocks(PAGE, "yaml") for job in yaml.safe_load(block).values()]
SHELL = [line for block in blocks(PAGE, "sh") for line in block.splitlines()] + [job["script"] for job in JOBS]


@pytest.mark.parametrize("line", [line for line in SHELL if "tidegate " in line])
def test_a_command_exists_with_its_options(line: str) -> None:
    _, verb, *words = shlex.split(line.partition("tidegate ")[2], comments=True)
    help_text = tidegate("version", verb, "--help")
    assert help_text.code == 0
    for option in (word for word in words if word.startswith("--")):
        assert option in help_text.out


def test_the_jobs_hand_on_what_the_command_writes() -> None:
    claiming = [job for job in JOBS if "tidegate version next" in job["script"]]
    assert len(claiming) == 2
    for job in claiming:
        assert "--push" in job["script"]
        assert job["script"].endswith(f"--format dotenv > {job['artifacts']['reports']['dotenv']}")


def test_the_names_of_branches_are_what_they_are_said_to_be() -> None:
    said = re.findall(r"`([^`]+)` (?:becomes|is written) `([^`]+)`", PAGE.replace("\n", " "))
    assert len(said) == 2
    assert {branch: branch_label(branch) for branch, _ in said} == dict(said)
