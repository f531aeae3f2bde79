"""What is attached to an image is looked for, and comes, while its large blobs are on their way."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from support.attached import attach, listed
from tidegate.errors.registry import RegistryFailed
from tidegate.http import Retry
from tidegate.model.digest import Digest
from tidegate.model.manifest import Descriptor
from tidegate.model.referrers import ReferrerList
from tidegate.registry.copy.copier import Copier
from tidegate.registry.copy.transfer import LARGE
from tidegate.registry.referrers import ReferrerSearch
from tidegate.registry.tree import Home, read_tree
from tidegate.testing.images import build_image, build_referrer
from tidegate.testing.registry import FakeRegistry


class _Asking(FakeRegistry):
    """A source that says what is attached only when a blob of it has been read."""

    def __init__(self) -> None:
        super().__init__(lists_referrers=True)
        self.read = threading.Event()
        self.broken = False

    @contextmanager
    def read_blob(self, repository: str, digest: Digest) -> Iterator[Iterator[bytes]]:
        self.read.set()
        with super().read_blob(repository, digest) as pieces:
            yield pieces

    def referrers(self, repository: str, subject: Digest) -> ReferrerList | None:
        assert self.read.wait(10)
        if self.broken:
            raise RegistryFailed("the list of referrers is lost")
        return super().referrers(repository, subject)


def test_what_is_attached_is_looked_for_while_large_blobs_are_sent() -> None:
    source, image = _Asking(), build_image("large", layers=1, layer_bytes=1_200_000)
    image.push(source, "app", "built")
    sbom = build_referrer(image.root.descriptor, "an SBOM")
    sbom.push(source, "app", str(sbom.digest))
    target = Home(FakeRegistry(lists_referrers=True), "prd", "app")
    report = Copier(Retry(attempts=1)).copy(Home(source, "dev", "app"), image.digest, target, "1.0.0")
    assert (report.blobs_sent, report.blobs_present, report.referrers) == (4, 0, 1)
    assert target.registry.referrers("app", image.digest) == source.referrers("app", image.digest)


class _Slow(FakeRegistry):
    """A target that takes a large blob when it has got `wanted`."""

    def __init__(self, wanted: Digest) -> None:
        super().__init__()
        self._wanted = wanted
        self._there = threading.Event()

    def write_blob(self, repository: str, blob: Descriptor, pieces: Iterator[bytes]) -> None:
        assert blob.size < LARGE or self._there.wait(10), "what is attached did not come meanwhile"
        super().write_blob(repository, blob, pieces)
        if blob.digest == self._wanted:
            self._there.set()


def test_what_is_attached_comes_while_large_blobs_are_sent() -> None:
    source, image = FakeRegistry(), build_image("large", layers=1, layer_bytes=1_200_000)
    image.push(source, "app", "built")
    sbom = attach(Home(source, "dev", "app"), build_referrer(image.root.descriptor, "an SBOM"))
    target = Home(_Slow(sbom.root.contents().blobs[-1].digest), "prd", "app")
    report = Copier(Retry(attempts=1)).copy(Home(source, "dev", "app"), image.digest, target, "1.0.0")
    assert (report.blobs_sent, report.referrers) == (4, 1)
    assert listed(target, image.digest) == (sbom.digest,)


def test_an_image_whose_attachments_can_not_be_told_gets_no_tag() -> None:
    source, image = _Asking(), build_image("large", layers=1, layer_bytes=1_200_000)
    image.push(source, "app", "built")
    source.broken = True
    target = Home(FakeRegistry(), "prd", "app")
    with pytest.raises(RegistryFailed, match="lost"):
        Copier(Retry(attempts=1)).copy(Home(source, "dev", "app"), image.digest, target, "1.0.0")
    assert target.registry.resolve("app", "1.0.0") is None


class _Listing(FakeRegistry):
    """Tells the tags of a repository when it has been asked for those of `expected` repositories."""

    def __init__(self, expected: int) -> None:
        super().__init__()
        self._all = threading.Barrier(expected)

    def tags(self, repository: str) -> Iterator[str]:
        self._all.wait(10)
        return super().tags(repository)


def test_tags_of_several_repositories_are_listed_side_by_side_and_those_of_one_once() -> None:
    source, names = _Listing(3), ("app", "web", "db")
    search, trees = ReferrerSearch(), []
    for name in names:
        home = Home(source, "dev", name)
        build_image(name).push(source, name, "1.0.0")
        trees.append((home, read_tree(home, "1.0.0")))
    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(lambda each: search.find(*each), trees * 2))
    assert found == [()] * 6
    assert sorted(call for call in source.calls if call.startswith("tags")) == ["tags app", "tags db", "tags web"]
