"""The JSON Schema (draft 2020-12) of tidegate.yaml, for editors and other programs."""

from __future__ import annotations

from typing import Final

from pydantic.json_schema import JsonSchemaValue

from tidegate.config.schema import Document

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def json_schema() -> JsonSchemaValue:
    """Return the schema, with titles, descriptions and examples."""
    return {"$schema": DIALECT, **Document.model_json_schema(by_alias=True), "title": "tidegate.yaml"}
