from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest
import yaml
from jsonschema import Draft202012Validator

from support.configs import SMALL
from tidegate.config.json_schema import json_schema
from tidegate.config.schema import Document
from tidegate.config.shape import keys_at, shape_at

EXAMPLES = Path(__file__).parents[2] / "examples"


def errors(text: str) -> list[str]:
    validator = Draft202012Validator(json_schema())
    return [error.json_path for error in validator.iter_errors(yaml.safe_load(text))]


def test_it_is_a_schema() -> None:
    Draft202012Validator.check_schema(json_schema())
    assert json_schema()["$schema"] == Draft202012Validator.META_SCHEMA["$id"]


@pytest.mark.parametrize("file", sorted(EXAMPLES.glob("**/tidegate*.yaml")), ids=str)
def test_the_examples_fit(file: Path) -> None:
    assert errors(file.read_text()) == []


@pytest.mark.parametrize(
    ("right", "wrong", "where"),
    [
        ("version: 1", "version: 2", "$.version"),
        ("prd: {host:", "prd: {hots:", "$.registries.prd"),
        ("deploy: auto", "deploy: otto", "$.environments.dev.deploy"),
        ("  inventory: {image: team/inventory}", "  discovr", "$.services"),
    ],
)
def test_mistakes_do_not_fit(right: str, wrong: str, where: str) -> None:
    assert errors(SMALL) == []
    assert where in errors(SMALL.replace(right, wrong))


def test_discover_fits() -> None:
    assert errors(f"{SMALL.partition('services:')[0]}services: discover\n") == []


def test_every_key_has_a_description() -> None:
    schema = json_schema()
    sections = [schema, *schema["$defs"].values()]
    bare = [
        key
        for one in sections
        for key, value in one["properties"].items()
        if not value.keys() & {"description", "$ref"}
    ]
    assert bare == []
    assert all(section["description"] for section in sections)


def test_shapes_follow_the_schema() -> None:
    assert keys_at(()) == tuple(field.alias or name for name, field in Document.model_fields.items())
    assert "from" in keys_at(("environments", "any"))
    assert keys_at(("services",)) == ()
    assert shape_at(("environments", "any", "approvals", "count")) is int
    assert get_args(shape_at(("environments", "any", "deploy"))) == ("auto", "merge-request")
    assert shape_at(("environments", "any", "nothing", "below")) is None
