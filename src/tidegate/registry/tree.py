"""Reading all that an image consists of."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tidegate.errors.registry import ManifestInvalid
from tidegate.model.digest import Digest
from tidegate.model.manifest import Descriptor, Manifest
from tidegate.registry.crew import at_once

if TYPE_CHECKING:
    from tidegate.ports.registry import Registry

_DEEPEST: Final = 16
_MOST_MANIFESTS: Final = 1000
_MOST_BYTES: Final = 32 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Home:
    """A repository of a registry.

    Args:
        registry: the same object for the same registry: a mount is tried only then.
        name: what to call the registry in errors, e.g. its host.
        repository: the repository.
    """

    registry: Registry
    name: str
    repository: str

    @property
    def shown(self) -> str:
        """What to call the repository."""
        return f"{self.name}/{self.repository}" if self.repository else self.name

    @property
    def key(self) -> tuple[int, str]:
        """What tells this repository from others as long as its registry is in use."""
        return id(self.registry), self.repository


@dataclass(frozen=True, slots=True)
class Tree:
    """All that an image consists of.

    Args:
        manifests: the root last, whatever a manifest lists before it.
        blobs: configs and layers, each once.
        foreign: layers that stay where they are.
    """

    manifests: tuple[Manifest, ...]
    blobs: tuple[Descriptor, ...]
    foreign: tuple[Descriptor, ...]

    @property
    def root(self) -> Manifest:
        """The manifest that the tree was read for."""
        return self.manifests[-1]


def digest_at(home: Home, reference: str) -> Digest | None:
    """Return the digest of what `reference` is in the repository, or None."""
    found = home.registry.resolve(home.repository, reference)
    return found.digest if found else None


def read_tree(source: Home, reference: Digest | str) -> Tree:
    """Return the manifest at `reference` of `source` and all that it refers to.

    Raises:
        ManifestMissing: it, or one that it lists, is not there.
        ManifestInvalid: one can't be read, or there are more, or deeper, than any image has.
    """
    return tree_of(source, source.registry.manifest(source.repository, str(reference)))


def tree_of(source: Home, root: Manifest) -> Tree:
    """Return `root`, which `source` has, and all that it refers to; raises as `read_tree`."""
    found: dict[Digest, Manifest] = {}
    blobs: dict[Digest, Descriptor] = {}
    foreign: dict[Digest, Descriptor] = {}

    def visit(manifest: Manifest, depth: int) -> None:
        contents = manifest.contents()
        missing = [child for child in dict.fromkeys(contents.manifests) if child.digest not in found]
        size = sum(len(known.data) for known in found.values()) + sum(child.size for child in missing)
        if missing and (depth >= _DEEPEST or len(found) + len(missing) > _MOST_MANIFESTS or size > _MOST_BYTES):
            hint = "is this an image? It was perhaps made to keep tools busy"
            raise ManifestInvalid("the index is larger or deeper than any image", where=source.shown, hint=hint)
        for child in at_once(lambda child: _child(source, child), missing):
            if child.digest not in found:
                visit(child, depth + 1)
        blobs.update((blob.digest, blob) for blob in contents.blobs)
        foreign.update((layer.digest, layer) for layer in contents.foreign)
        found[manifest.digest] = manifest

    visit(root, 0)
    return Tree(tuple(found.values()), tuple(blobs.values()), tuple(foreign.values()))


def distinct(blobs: Iterable[Descriptor]) -> tuple[Descriptor, ...]:
    """Return each blob once, in order."""
    return tuple({blob.digest: blob for blob in blobs}.values())


def _child(source: Home, child: Descriptor) -> Manifest:
    manifest = source.registry.manifest(source.repository, str(child.digest))
    if manifest.descriptor != child:
        what = f"manifest {child.digest} is not of the kind and size that its index says"
        raise ManifestInvalid(what, where=source.shown, hint="build and push the image again")
    return manifest
