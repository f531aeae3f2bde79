"""The how-to page on approvals: its configuration is whole, and its commands exist."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from support.cli import tidegate
from support.configs import load_text
from support.documents import blocks
from tidegate.config import GitLabForge
from tidegate.model import ApprovalRule

PAGE = (Path(__file__).parents[2] / "docs/how-to/approvals.md").read_text(encoding="utf-8")
(FILE,) = blocks(PAGE, "yaml")


def test_the_configuration_is_what_the_page_says(tmp_path: Path) -> None:
    configuration = load_text(tmp_path, FILE)
    assert isinstance(configuration.forge, GitLabForge)
    environments = {one.name: one for one in configuration.pipeline.environments}
    rules = {name: one.approvals for name, one in environments.items()}
    assert rules["dev"] == ApprovalRule()
    assert [rules[name].approvers for name in ("e2e", "staging", "production")] == [
        ("group:platform/developers",),
        ("group:platform/staging-approvers",),
        ("group:platform/sre",),
    ]
    assert (rules["staging"].count, rules["production"].count) == (1, 2)
    projects = {one.repo for one in environments.values()} | {configuration.pipeline.services["inventory"].source}
    assert projects == set(re.findall(r"^\| `(platform/\S+)` \| .* \| (?:Tidegate|developers) \|$", PAGE, re.MULTILINE))


@pytest.mark.parametrize("key", ["count", "from", "not_author", "not_committers", "code_owners"])
def test_every_key_is_explained(key: str) -> None:
    assert f"\n- `{key}`: " in PAGE


@pytest.mark.parametrize("line", [line for block in blocks(PAGE, "sh") for line in block.splitlines()])
def test_a_command_exists_with_its_options(line: str) -> None:
    program, verb, *words = shlex.split(line)
    assert program == "tidegate"
    help_text = tidegate(verb, "--help").out
    for option in (word for word in words if word.startswith("--")):
        assert option in help_text
