"""The how-to page on pipelines shows includes that fit the components."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from support.configs import SMALL, load_text
from support.documents import blocks
from tidegate.model import AwsIdentity

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/how-to/gitlab-pipelines.md").read_text(encoding="utf-8")
SHOWN = [yaml.safe_load(block) for block in blocks(PAGE, "yaml")]
ENTRIES = [entry for document in SHOWN for entry in document.get("include", ())]


def spec(name: str) -> dict[str, Any]:
    header = next(yaml.safe_load_all((ROOT / f"templates/{name}.yml").read_text(encoding="utf-8")))
    inputs: dict[str, Any] = header["spec"]["inputs"]
    return inputs


def test_every_component_is_shown() -> None:
    shown = {entry["component"].rpartition("/")[2].partition("@")[0] for entry in ENTRIES}
    assert shown == {file.stem for file in (ROOT / "templates").glob("*.yml")}
    assert all(f"| `{name}` |" in PAGE for name in shown)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry["component"].rpartition("/")[2])
def test_an_include_gives_what_the_component_takes(entry: dict[str, Any]) -> None:
    inputs = spec(entry["component"].rpartition("/")[2].partition("@")[0])
    needed = {name for name, given in inputs.items() if "default" not in given}
    assert needed <= set(entry["inputs"]) <= set(inputs)


def test_the_registry_is_configured_as_shown(tmp_path: Path) -> None:
    (shown,) = [document["registries"]["prd"] for document in SHOWN if "registries" in document]
    text = yaml.safe_load(SMALL)
    text["registries"]["prd"] = shown
    credentials = load_text(tmp_path, yaml.safe_dump(text, sort_keys=False)).pipeline.registries["prd"].credentials
    assert isinstance(credentials, AwsIdentity)
    assert credentials.web_identity_env == "AWS_ID_TOKEN"
    deliver = (ROOT / "templates/deliver.yml").read_text(encoding="utf-8")
    assert "AWS_ID_TOKEN:" in deliver
