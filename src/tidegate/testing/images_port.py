"""FakeImages: the images port in memory. Images have a digest and no bytes."""

from __future__ import annotations

from collections.abc import Iterable

from tidegate.errors.model import InvalidImageRef
from tidegate.errors.registry import HostNotConfigured, ManifestMissing, TagExists
from tidegate.model.digest import Digest
from tidegate.model.image import ImageRef
from tidegate.ports.images import CopyReport


class FakeImages:
    """Registry accounts in memory; fulfils the port `Images`.

    Args:
        hosts: the configured accounts; others are refused.

    Attributes:
        calls: each call of the port as `digest IMAGE`, `tags HOST/REPOSITORY` or `copy SOURCE TARGET`.
    """

    def __init__(self, hosts: Iterable[str]) -> None:
        self.calls: list[str] = []
        self._tags: dict[tuple[str, str], dict[str, Digest]] = {}
        self._held: set[tuple[str, str, Digest]] = set()
        self._hosts = frozenset(hosts)

    def push(self, image: ImageRef, content: str) -> Digest:
        """Put an image at the tag of `image`, as a build would: a tag that is there moves. Return its digest."""
        digest = Digest.of(content.encode())
        self._put(image, digest)
        return digest

    def delete(self, image: ImageRef) -> None:
        """Delete the tag of `image`."""
        del self._tags[image.host, image.repository][image.tag or ""]

    def digest(self, image: ImageRef) -> Digest | None:
        """Return the digest of `image`, or None."""
        self.calls.append(f"digest {image}")
        self._check(image.host)
        if image.digest is not None:
            return image.digest if (image.host, image.repository, image.digest) in self._held else None
        return self._tags.get((image.host, image.repository), {}).get(image.tag or "latest")

    def tags(self, host: str, repository: str) -> tuple[str, ...]:
        """Return all tags of a repository."""
        self.calls.append(f"tags {host}/{repository}")
        self._check(host)
        return tuple(self._tags.get((host, repository), {}))

    def copy(self, source: ImageRef, target: ImageRef) -> CopyReport:
        """Make the tag of `target` hold exactly the digest of `source`."""
        self.calls.append(f"copy {source} {target}")
        self._check(source.host)
        self._check(target.host)
        if source.digest is None or target.tag is None:
            raise InvalidImageRef(f"a copy goes from a digest to a tag, not from {source} to {target}")
        held = self._tags.get((target.host, target.repository), {}).get(target.tag)
        if held == source.digest:
            return CopyReport(held, adopted=True)
        if held is not None:
            raise TagExists(f"the tag exists as {held}", where=str(target), hint="release tags do not move")
        if (source.host, source.repository, source.digest) not in self._held:
            raise ManifestMissing(f"there is no {source}", hint="push it again")
        self._put(target, source.digest)
        return CopyReport(source.digest, bytes_sent=1, blobs_sent=1)

    def _put(self, image: ImageRef, digest: Digest) -> None:
        self._held.add((image.host, image.repository, digest))
        self._tags.setdefault((image.host, image.repository), {})[image.tag or "latest"] = digest

    def _check(self, host: str) -> None:
        if host not in self._hosts:
            known = ", ".join(sorted(self._hosts))
            raise HostNotConfigured(f"{host} is not a registry of this pipeline", hint=f"known: {known}")
