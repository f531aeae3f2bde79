"""What `tidegate image` says to programs is what docs/reference/image-copies.md says that it does."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from support.cli import tidegate
from tidegate.model.json import Json
from tidegate.registry.layout.registry import LayoutFolder
from tidegate.registry.referrers import list_at
from tidegate.registry.tree import Home
from tidegate.testing.images import build_index, build_referrer

REFERENCE = Path(__file__).parents[2] / "docs" / "reference" / "image-copies.md"
IMAGE = build_index("inventory")
SBOM = build_referrer(IMAGE.root.descriptor, "sbom")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder whose layout `bundle` has an image with an SBOM, and no label: labels have keys of their own."""
    layout = LayoutFolder(tmp_path / "bundle")
    IMAGE.push(layout, "", "1.1.3")
    SBOM.push(layout, "", str(SBOM.digest))
    list_at(Home(layout, "bundle", ""), IMAGE.digest, [SBOM.root])
    return tmp_path


def _documented(command: str) -> set[str]:
    (row,) = (line for line in REFERENCE.read_text().splitlines() if line.startswith(f"| `{command}` |"))
    return set(re.findall(r"`(\w+)`", row.split("|")[2]))


def _fields(value: Json) -> set[str]:
    if isinstance(value, dict):
        return set(value) | {field for part in value.values() for field in _fields(part)}
    return {field for part in value for field in _fields(part)} if isinstance(value, list) else set()


@pytest.mark.parametrize(
    "command",
    [
        "image digest oci-layout:bundle:1.1.3",
        "image ls oci-layout:bundle",
        "image tag oci-layout:bundle:1.1.3 stable",
        "image inspect oci-layout:bundle:1.1.3",
        "image verify oci-layout:bundle:1.1.3 oci-layout:bundle:1.1.3",
    ],
)
def test_the_fields_are_those_of_the_reference(folder: Path, command: str) -> None:
    ended = tidegate("-C", folder, *command.split(), "-o", "json", environ={"HOME": str(folder)})
    assert ended.code == 0, ended.err
    assert _fields(json.loads(ended.out)) - {"schemaVersion"} == _documented(" ".join(command.split()[:2]))


def test_so_are_those_of_an_error(folder: Path) -> None:
    ended = tidegate(
        "-C", folder, "image", "digest", "oci-layout:bundle:9", "-o", "json", environ={"HOME": str(folder)}
    )
    assert ended.code == 1
    for field in _fields(json.loads(ended.err)) - {"schemaVersion"}:
        assert f"`{field}`" in REFERENCE.read_text()
