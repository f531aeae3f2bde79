"""The how-to page on starting shows commands and options that exist, and what init sees."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from support.cli import tidegate
from support.documents import blocks
from tidegate.engine.onboarding.propose import tag_pattern

PAGE = (Path(__file__).parents[2] / "docs/how-to/start-with-your-repositories.md").read_text(encoding="utf-8")
LINES = [line for block in blocks(PAGE, "sh") for line in block.splitlines() if line.startswith("tidegate ")]


@pytest.mark.parametrize("line", LINES)
def test_a_command_exists_with_its_options(line: str) -> None:
    _, *words = shlex.split(line)
    verbs = [word for word in words[:2] if word in {"init", "config", "check", "status"}]
    help_text = tidegate(*verbs, "--help")
    assert help_text.code == 0
    for option in (word for word in words if word.startswith("--")):
        assert option in help_text.out


def test_a_tag_is_read_as_it_is_said() -> None:
    assert "`1.1.3-rc2` is `{version}-rc{n}`" in PAGE
    assert tag_pattern("1.1.3-rc2") == "{version}-rc{n}"
