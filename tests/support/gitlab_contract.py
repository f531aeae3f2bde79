"""GitLab's own OpenAPI file and recorded payloads: other people's data, beside the project and not in it."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

SHARED: Final = Path(__file__).parents[2].parent / "shared" / "gitlab"
needs_contract = pytest.mark.skipif(
    not SHARED.is_dir(), reason="GitLab's OpenAPI file and recorded payloads are not beside this clone"
)


def recordings() -> list[str]:
    """Return the names of all recorded payloads."""
    return sorted(str(one.relative_to(SHARED / "fixtures")) for one in SHARED.glob("fixtures/*/*.json"))


def recorded(name: str) -> Any:  # noqa: ANN401 - foreign JSON
    """Return a recorded payload."""
    return json.loads((SHARED / "fixtures" / name).read_text())


@cache
def openapi() -> dict[str, Any]:
    """Return GitLab's OpenAPI 2.0 file."""
    loader = yaml.CSafeLoader((SHARED / "gitlab-openapi-trimmed.yaml").read_bytes())
    try:
        document: dict[str, Any] = loader.get_single_data()
    finally:
        loader.dispose()
    return document


@cache
def errata() -> dict[str, Any]:
    """Return the types of fields that recordings correct: entity → field → `recorded`."""
    found: dict[str, Any] = json.loads((SHARED / "openapi-type-errata.json").read_text())
    return found
