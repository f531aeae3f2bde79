"""Environment variables that override keys: `TIDEGATE_FORGE__URL` is `forge.url`.

Only names with `__` are overrides, so `TIDEGATE_CONFIG`, `TIDEGATE_USER`, `TIDEGATE_REGISTRY_PRD_PASSWORD` and their
like are not. A name can't hold `-` or `.`: `TIDEGATE_REGISTRIES__PRE_PROD__ENDPOINT` is `registries.pre-prod.endpoint`.

What says where releases go and who must agree stands in tidegate.yaml alone, which is reviewed: the environments, the
groups of a local forge, the hosts that images are named by, who may do what to the server. Variables may say how these
are reached: addresses, credentials, who commits. (Not `approvals` alone: an environment without a rule, pointed by
variables at the folder of one that has a rule, would be a way round it.)
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, get_origin

from tidegate.config.shape import keys_at, shape_at
from tidegate.config.tree import Block, Leaf, Node, Path, Row, dotted, node_at
from tidegate.errors import Place
from tidegate.errors.config import Finding

PREFIX: Final = "TIDEGATE_"
_BETWEEN: Final = "__"
_INT: Final = re.compile(r"-?[0-9]{1,18}", re.ASCII)
_BOOL: Final = {"true": True, "false": False}
_REVIEWED: Final[tuple[tuple[str | None, ...], ...]] = (
    ("environments",),
    ("forge", "groups"),
    ("registries", None, "host"),
    ("server", "roles"),
    ("server", "anonymous"),
    ("server", "oidc"),
    ("server", "tokens"),
)
"""Keys, with all below them, that variables can't set; None is any name."""


def override(tree: Block, environ: Mapping[str, str]) -> tuple[Block, tuple[Finding, ...]]:
    """Return `tree` with the environment's overrides, and a finding for each that is not allowed and left out.

    The place of an overridden value, and of a finding, is the variable's name.
    """
    refused: list[Finding] = []
    for variable in sorted(environ):
        segments = variable.removeprefix(PREFIX).split(_BETWEEN)
        if variable.startswith(PREFIX) and len(segments) > 1 and all(segments):
            place = Place(variable)
            path = _path(tree, segments)
            if _reviewed(path):
                what = "a variable can't set this: where releases go and who must agree is what reviewers have seen"
                hint = f"unset {variable}, and write the value in tidegate.yaml"
                refused.append(Finding(place, dotted(path), what, hint))
            else:
                tree = _with(tree, path, _value(path, environ[variable], place), place)
    return tree, tuple(refused)


def _reviewed(path: Path) -> bool:
    return any(
        len(path) >= len(fixed) and all(name in {None, part} for name, part in zip(fixed, path, strict=False))
        for fixed in _REVIEWED
    )


def _path(tree: Block, segments: list[str]) -> Path:
    """Return the keys that the segments of a variable's name stand for: known ones, written ones, or new ones."""
    path: Path = ()
    for segment in segments:
        node = node_at(tree, path)
        written = tuple(node.entries) if isinstance(node, Block) else ()
        known = {_folded(key): key for key in (*written, *keys_at(path))}
        path = (*path, known.get(segment.upper(), segment.lower()))
    return path


def _folded(key: str) -> str:
    return re.sub(r"[-.]", "_", key).upper()


def _value(path: Path, text: str, place: Place) -> Node:
    """Return `text` as what the schema expects at `path`; text that does not fit stays text and is reported later."""
    shape = shape_at(path)
    if get_origin(shape) is list:
        return Row(tuple(Leaf(item.strip(), place) for item in text.split(",") if item.strip()), place)
    if shape is bool:
        return Leaf(_BOOL.get(text.lower(), text), place)
    if shape is int and _INT.fullmatch(text):
        return Leaf(int(text), place)
    return Leaf(text, place)


def _with(block: Block, path: Path, value: Node, place: Place) -> Block:
    """Return `block` with `value` at `path`; what stands in the way of the path is replaced."""
    key = str(path[0])
    inner = block.entries.get(key)
    if len(path) > 1:
        below = inner if isinstance(inner, Block) else Block({}, place)
        value = _with(below, path[1:], value, place)
    keys = block.keys if isinstance(inner, Block) else {**block.keys, key: place}
    return Block({**block.entries, key: value}, block.place, keys)
