"""docs/reference/environment.md names every variable that the program asks for, and no other of its own."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import tidegate

PACKAGE = Path(tidegate.__file__).parent
TEXT = (PACKAGE.parent.parent / "docs" / "reference" / "environment.md").read_text()
NAME = re.compile(
    r"(?:TIDEGATE|GITLAB|CI)(?:_[A-Z]+)+|COLUMNS|NO_COLOR|FORCE_COLOR|DOCKER_CONFIG|SSL_CERT_FILE|[A-Z]+_PROXY"
)
ELSEWHERE = ("testing", "pipeline_check", "init", "onboarding")
"""Rooms that name variables of pipelines they read or write about, not their own."""


def asked_for() -> set[str]:
    """Return the names of variables that stand as texts of their own in the program."""
    found = set()
    for file in PACKAGE.rglob("*.py"):
        if not set(file.relative_to(PACKAGE).parts) & set(ELSEWHERE):
            for node in ast.walk(ast.parse(file.read_text())):
                if isinstance(node, ast.Constant) and isinstance(node.value, str) and NAME.fullmatch(node.value):
                    found.add(node.value)
    return found


def test_every_variable_is_explained() -> None:
    explained = set(re.findall(r"`([A-Z_]+)`", TEXT))
    asked = asked_for()
    assert asked, "the search finds none: it is the search that is wrong"
    assert sorted(asked - explained) == []
    assert sorted(name for name in explained if NAME.fullmatch(name) and name not in asked) == []
