"""What `tidegate config check` looks at besides the file itself, and what it warns of.

A configuration that has these findings can be used, so that no other command asks for them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tidegate.config.explain import suggest
from tidegate.config.grammar import LAYOUT
from tidegate.config.settings import Configuration, LocalForge
from tidegate.config.tree import dotted
from tidegate.errors import Place
from tidegate.errors.config import Finding

_MARKER = "oci-layout"
"""The file that makes a folder an image layout (OCI image-spec, image-layout.md)."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found.

    Args:
        errors: what can't work.
        warnings: what works, and may not be what was meant.
    """

    errors: tuple[Finding, ...]
    warnings: tuple[Finding, ...]


def check_configuration(configuration: Configuration) -> Checked:
    """Return the findings about a configuration that could be loaded. Looks at the file system, and writes nothing."""
    folders = dict(_layout_folders(configuration))
    errors = (finding for key, folder in folders.items() if (finding := _unusable(configuration, key, folder)))
    missing = (finding for key, folder in folders.items() if (finding := _missing(configuration, key, folder)))
    forge = configuration.forge.path if isinstance(configuration.forge, LocalForge) else None
    closed = _absent(configuration, "forge.path", forge, "no repository can be read") if forge is not None else None
    return Checked(tuple(errors), (*((closed,) if closed else ()), *missing, *_shared_folders(configuration)))


def _layout_folders(configuration: Configuration) -> Iterator[tuple[str, Path]]:
    """Yield key and folder of each registry account that is a folder."""
    for name, account in configuration.pipeline.registries.items():
        if account.endpoint is not None and account.endpoint.startswith(LAYOUT):
            yield dotted(("registries", name, "endpoint")), Path(account.endpoint.removeprefix(LAYOUT))


def _unusable(configuration: Configuration, key: str, folder: Path) -> Finding | None:
    if folder.exists() and not folder.is_dir():
        return Finding(_place(configuration, key), key, f"{folder} is no folder", "name the folder of the account")
    if (folder / _MARKER).exists():
        what = f"{folder} is the layout of one repository, and an account is a folder of such layouts"
        return Finding(_place(configuration, key), key, what, f"write {LAYOUT}{folder.parent}")
    return None


def _missing(configuration: Configuration, key: str, folder: Path) -> Finding | None:
    """Nothing can be read from it or written to it until it is there; where it is mounted later, that is in order."""
    what = "nothing can be read from it or written to it"
    return _absent(configuration, key, folder, what)


def _absent(configuration: Configuration, key: str, folder: Path, outcome: str) -> Finding | None:
    """Return the finding that `folder` is not there, and what comes of it; None when it is."""
    if folder.exists():
        return None
    beside = folder.parent.iterdir() if folder.parent.is_dir() else ()
    meant = suggest(folder.name, tuple(sorted(each.name for each in beside if each.is_dir())))
    what = f"there is no folder {folder}: {outcome}"
    return Finding(_place(configuration, key), key, what, meant or f"mkdir -p {folder}, or mount what it is on")


def _shared_folders(configuration: Configuration) -> Iterator[Finding]:
    """Approvals are asked for a service's folder: where services share one, one service's change moves another's."""
    pipeline = configuration.pipeline
    if len(pipeline.services) <= 1 and not pipeline.discover:
        return
    for environment in pipeline.environments:
        if "{service}" not in environment.path.text:
            key = dotted(("environments", environment.name, "path"))
            what = "all services share this folder: a merge request for one of them may change the others' files"
            if pipeline.discover:
                what += ", and no service is discovered in it"
            yield Finding(_place(configuration, key), key, what, f"e.g. {environment.path.text}/{{service}}")


def _place(configuration: Configuration, key: str) -> Place:
    place = configuration.origins[key].place
    return place if place is not None else Place(str(configuration.file))
