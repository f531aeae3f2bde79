"""Which cells a change touches besides its own."""

from __future__ import annotations

from collections.abc import Iterable

from tidegate.model import Pipeline
from tidegate.model.key import Key, ServiceKey


def with_following(keys: Iterable[ServiceKey], pipeline: Pipeline) -> frozenset[Key]:
    """Return `keys`, and those of the environments whose source is one of theirs."""
    own = frozenset(keys)
    return own | following(own, pipeline)


def following(keys: Iterable[ServiceKey], pipeline: Pipeline) -> frozenset[ServiceKey]:
    """Return the keys of the environments whose source is one of `keys`'."""
    return frozenset(
        ServiceKey(key.service, each.name)
        for key in keys
        for each in pipeline.environments
        if each.source == key.environment
    )
