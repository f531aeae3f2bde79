"""How charts spell images: which values of a mapping belong together. From 1,945 HelmReleases of public repositories.

`{repository, tag}` under any key, more so under one that ends in `image`; with `registry` or `digest` beside them;
a digest behind `@` in the tag; `image: repo:tag`; repository or tag alone under a key that ends in `image`.
"""

from __future__ import annotations

import re
from typing import Final

from tidegate.flux.follow import Field
from tidegate.flux.sites import Role, split_reference
from tidegate.yamledit import Alias, Scalar, Style
from tidegate.yamledit.strings import reads_as_string

_ROLES: Final = (Role.REGISTRY, Role.REPOSITORY, Role.TAG, Role.DIGEST)
NULL: Final = frozenset({"", "~", "null", "Null", "NULL"})
_FOREIGN: Final = re.compile(r"://|\s|^git@")


def ends_in_image(key: str) -> bool:
    """Return whether charts use such a key for images: `image`, `initImage`, `busybox-image`."""
    return key.lower().endswith("image")


def scalar_of(field: Field | None) -> Scalar | None:
    """Return the value that a field holds or stands for; None when it is not a single value."""
    node = field[0] if field is not None else None
    node = node.target if isinstance(node, Alias) else node
    return node if isinstance(node, Scalar) else None


def text_of(scalar: Scalar | None) -> str:
    """Return what a value says; "" for null."""
    if scalar is None or (scalar.style is Style.PLAIN and scalar.text in NULL):
        return ""
    return scalar.text


def mapping_roles(key: str, fields: dict[str, Field]) -> tuple[Role, ...]:
    """Return which keys of a mapping spell an image together; none when they do not.

    Args:
        key: the key under which the mapping stands.
        fields: the mapping's entries.
    """
    present = tuple(role for role in _ROLES if scalar_of(fields.get(role.value)) is not None)
    repository, tag = text_of(scalar_of(fields.get("repository"))), text_of(scalar_of(fields.get("tag")))
    if _FOREIGN.search(repository):
        return ()  # a chart's, a git repository's
    if repository:
        pinned = bool({Role.TAG, Role.DIGEST, Role.REGISTRY} & set(present))
        return present if pinned or ends_in_image(key) else ()
    return present if tag and ends_in_image(key) else ()


def is_reference(key: str, scalar: Scalar) -> bool:
    """Return whether the value at `key` is a whole image reference.

    Below the very key `image`, or in a template, any string is; elsewhere it must have a tag or a digest, so that
    `osImage: ubuntu` is not taken for one.
    """
    text = text_of(scalar)
    if not text or not reads_as_string(scalar) or _FOREIGN.search(text.rstrip("\n")):
        return False
    if key.lower() == "image":
        return True
    _, tag, digest = split_reference(text)
    return tag is not None or digest is not None
