"""Bringing what is attached to an image that is there already: what is written, and what is said of it."""

from __future__ import annotations

import pytest

from support.attached import attach, listed
from tidegate.http import Retry
from tidegate.model.digest import Digest
from tidegate.model.manifest import LARGEST_WHOLE, Descriptor
from tidegate.model.referrers import ReferrerList, cosign_tags, fallback_tag
from tidegate.ports.images import CopyReport
from tidegate.registry.copy.copier import Copier, Referrers, Wish
from tidegate.registry.tree import Home
from tidegate.registry.untag import attaches_to
from tidegate.testing.images import BuiltImage, build_image, build_referrer
from tidegate.testing.registry import FakeRegistry

REPOSITORY = "team/inventory"


class _Target(FakeRegistry):
    """A target that may forget to list what it has."""

    forgets = False

    def referrers(self, repository: str, subject: Digest) -> ReferrerList | None:
        return ReferrerList() if self.forgets else super().referrers(repository, subject)

    def written(self) -> list[str]:
        """Return what was written since the last question, by reference."""
        calls, self.calls[:] = [call.split() for call in self.calls], []
        return sorted(call[2] for call in calls if call[0].startswith(("put", "write")))


class _World:
    """An image with two attachments, which the target has; `always` brings what is attached once more."""

    def __init__(self, *, lists: bool, largest_whole: int = -1) -> None:
        self.source = Home(FakeRegistry(lists_referrers=lists), "dev", REPOSITORY)
        self.registry = _Target(lists_referrers=lists, largest_whole=largest_whole)
        self.target = Home(self.registry, "prd", REPOSITORY)
        self.image = build_image("inventory")
        self.image.push(self.source.registry, REPOSITORY, "1.0.0")
        self.sbom, self.scan = (self._attach(name) for name in ("sbom", "scan"))
        self.always()
        self.registry.written()

    def _attach(self, name: str) -> BuiltImage:
        return attach(self.source, build_referrer(self.image.root.descriptor, name))

    def always(self, copier: Copier | None = None) -> CopyReport:
        copier = copier or Copier(Retry(attempts=1))
        return copier.copy(self.source, "1.0.0", self.target, "1.0.0", wish=Wish(Referrers.ALWAYS))

    def all_listed(self) -> bool:
        return set(listed(self.target, self.image.digest)) == {self.sbom.digest, self.scan.digest}


@pytest.fixture(params=[True, False], ids=["API", "fallback tag"])
def world(request: pytest.FixtureRequest) -> _World:
    return _World(lists=request.param)


def test_where_all_is_there_nothing_is_written(world: _World) -> None:
    report = world.always()
    assert (report.adopted, report.referrers, report.referrers_written, report.blobs_sent) == (True, 2, 0, 0)
    assert world.registry.written() == []


def test_blobs_that_may_go_by_one_request_are_looked_for_as_they_are_most_likely_there() -> None:
    world = _World(lists=True, largest_whole=LARGEST_WHOLE)
    assert world.always().adopted
    assert world.registry.written() == []


def test_a_tag_that_moves_after_the_look_brings_nothing_of_the_other_image(monkeypatch: pytest.MonkeyPatch) -> None:
    world = _World(lists=True)
    other = build_image("another inventory")
    resolve = world.source.registry.resolve

    def resolve_and_move(repository: str, reference: str) -> Descriptor | None:
        found = resolve(repository, reference)
        other.push(world.source.registry, REPOSITORY, "1.0.0")
        return found

    monkeypatch.setattr(world.source.registry, "resolve", resolve_and_move)
    report = world.always()
    assert (report.digest, report.referrers) == (world.image.digest, 2)


def test_a_manifest_is_written_and_told_when_its_blobs_are_there(world: _World) -> None:
    world.registry.delete(REPOSITORY, str(world.sbom.digest))
    report = world.always()
    assert (report.adopted, report.referrers, report.referrers_written, report.blobs_sent) == (False, 2, 1, 0)
    assert world.registry.written() == [str(world.sbom.digest)]
    assert world.all_listed()


def test_what_is_there_and_not_listed_is_listed_again() -> None:
    world = _World(lists=False)
    world.registry.delete(REPOSITORY, fallback_tag(world.image.digest))
    report = world.always()
    assert (report.adopted, report.referrers, report.referrers_written) == (False, 2, 0)
    assert world.registry.written() == [fallback_tag(world.image.digest)]
    assert world.all_listed()


def test_a_registry_that_does_not_list_what_it_has_gets_it_again() -> None:
    """It has learned to list after that was pushed."""
    world = _World(lists=True)
    world.registry.forgets = True
    report = world.always()
    assert (report.adopted, report.referrers_written) == (False, 2)
    assert world.registry.written() == sorted([str(world.sbom.digest), str(world.scan.digest)])


def test_a_registry_that_has_lost_blobs_since_gets_them_again(world: _World) -> None:
    copier = Copier(Retry(attempts=1))
    world.always(copier)
    world.registry.delete(REPOSITORY, str(world.sbom.digest))
    world.registry._blobs[REPOSITORY].clear()
    report = world.always(copier)
    assert report.referrers_written == 1
    assert world.registry.resolve(REPOSITORY, str(world.sbom.digest)) is not None


def test_a_tag_of_cosigns_is_written_once_and_left_alone_when_it_is_taken(world: _World) -> None:
    tag = min(cosign_tags(world.image.digest))
    build_image("a signature").push(world.source.registry, REPOSITORY, tag)
    first, again = world.always(), world.always()
    assert (first.adopted, first.referrers, first.referrers_written) == (False, 3, 1)
    assert (again.adopted, again.referrers_written) == (True, 0)
    build_image("another").push(world.registry, REPOSITORY, tag)
    taken = world.always()
    assert (taken.adopted, taken.referrers, taken.referrers_written, taken.kept) == (True, 3, 0, (tag,))


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
def test_the_names_of_both_conventions_attach_also_to_what_can_not_be_read(algorithm: str) -> None:
    """Cosign writes a digest out; the tag of a list has 64 of its digits."""
    home, size = Home(FakeRegistry(), "prd", "app"), 64 if algorithm == "sha256" else 128
    mine, other = Digest(algorithm, "a" * size), Digest(algorithm, "b" * size)
    for tag in (fallback_tag(mine), *cosign_tags(mine)):
        assert attaches_to(home, tag, mine)
        assert not attaches_to(home, tag, other)
    assert not attaches_to(home, "1.0.0", mine)
