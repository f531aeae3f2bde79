"""What the schema expects at a path: the bridge from a place in the file to a class of `schema`."""

from __future__ import annotations

from types import NoneType, UnionType
from typing import Annotated, TypeAlias, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from tidegate.config.schema import Document
from tidegate.config.tree import Path

Shape: TypeAlias = object
"""A model class, `dict[…]`, `list[…]` or a simple type."""


def shape_at(path: Path) -> Shape | None:
    """Return what the schema expects at `path`, or None when it knows no such key."""
    shape: Shape | None = Document
    for part in path:
        shape = _below(shape, part)
        if shape is None:
            return None
    return shape


def keys_at(path: Path) -> tuple[str, ...]:
    """Return the keys that the schema knows at `path`; none where names are free."""
    shape = shape_at(path)
    if isinstance(shape, type) and issubclass(shape, BaseModel):
        return tuple(field.alias or name for name, field in shape.model_fields.items())
    return ()


def field_at(path: Path) -> FieldInfo | None:
    """Return the schema's field at `path`, or None where it knows none or names are free."""
    parent = shape_at(path[:-1])
    if isinstance(parent, type) and issubclass(parent, BaseModel):
        return next((field for name, field in parent.model_fields.items() if (field.alias or name) == path[-1]), None)
    return None


def _below(shape: Shape, part: str | int) -> Shape | None:
    if isinstance(shape, type) and issubclass(shape, BaseModel):
        fields = shape.model_fields.items()
        return next((_bare(field.annotation) for name, field in fields if (field.alias or name) == part), None)
    if get_origin(shape) is dict:
        return _bare(get_args(shape)[1])
    if get_origin(shape) is list:
        return _bare(get_args(shape)[0])
    return None


def _bare(annotation: object) -> Shape:
    """Return `annotation` without `Annotated` and `| None`."""
    while True:
        origin = get_origin(annotation)
        if origin is Annotated:
            annotation = get_args(annotation)[0]
        elif origin in {Union, UnionType}:
            annotation = next(one for one in get_args(annotation) if one is not NoneType)
        else:
            return annotation
