"""Reaching registries and folders, with tidegate.yaml or without."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tidegate.cli.invocation import Invocation
from tidegate.errors import TidegateError
from tidegate.http.retry import Retry
from tidegate.model.registry_account import RegistryAccount
from tidegate.registry.images import RegistryImages
from tidegate.registry.places import AnyAccounts, ImagePlace, Places

_FILE_NAME: Final = "tidegate.yaml"
RETRY: Final = Retry()


@contextmanager
def open_places(invocation: Invocation) -> Iterator[Places]:
    """Give the reader of what people write; at the end, connections are closed."""
    accounts = _accounts(invocation)
    with RegistryImages(AnyAccounts(accounts), environment=invocation.environ, home=Path.home(), retry=RETRY) as images:
        places = Places(images, accounts, invocation.directory)
        try:
            yield places
        except TidegateError as error:
            places.tell_reading(error)
            raise


def has_configuration(invocation: Invocation) -> bool:
    """Return whether a tidegate.yaml holds here. Reading it takes longer than a retag: it is looked for first."""
    if invocation.file is not None or invocation.environ.get("TIDEGATE_CONFIG"):
        return True
    here = invocation.directory.absolute()
    return any((folder / _FILE_NAME).is_file() for folder in (here, *here.parents))


def existing(place: ImagePlace) -> ImagePlace:
    """Return `place` pinned to the digest that it has now.

    Raises:
        ManifestMissing: there is no such image.
    """
    from dataclasses import replace

    registry, repository, reference = place.home.registry, place.home.repository, str(place.reference)
    found = registry.resolve(repository, reference)
    return replace(place, digest=found.digest if found else registry.manifest(repository, reference).digest)


def _accounts(invocation: Invocation) -> Mapping[str, RegistryAccount]:
    return invocation.configuration.pipeline.registries if has_configuration(invocation) else {}
