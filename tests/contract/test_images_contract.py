"""The images port: registry accounts in image-layout folders, and the fake."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tidegate.errors.model import InvalidImageRef
from tidegate.errors.registry import HostNotConfigured, ManifestMissing, TagExists
from tidegate.model import Digest, ImageRef, RegistryAccount
from tidegate.ports import Images
from tidegate.registry.images import RegistryImages
from tidegate.testing.images import build_image
from tidegate.testing.images_port import FakeImages

ONE, OTHER = "one.example", "other.example"
APP = ImageRef(ONE, "team/app", "1.0.0")
COPY = ImageRef(OTHER, "team/app", "1.0.0-rc1")


@dataclass(frozen=True)
class Accounts:
    """Two accounts, and how a build pushes to them."""

    images: Images
    push: Callable[[ImageRef, str], Digest]


@pytest.fixture(params=["layout", "fake"])
def accounts(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Accounts]:
    if request.param == "fake":
        fake = FakeImages((ONE, OTHER))
        yield Accounts(fake, fake.push)
        return
    known = {
        host: RegistryAccount(host.partition(".")[0], host, f"oci-layout:{tmp_path / host}", create_repositories=True)
        for host in (ONE, OTHER)
    }
    for host in known:
        (tmp_path / host).mkdir()
    with RegistryImages(known, environment={}, home=tmp_path) as images:

        def push(image: ImageRef, content: str) -> Digest:
            return build_image(content).push(images.registry(image.host), image.repository, image.tag or "latest")

        yield Accounts(images, push)


def test_a_digest_is_found_by_tag_and_by_digest(accounts: Accounts) -> None:
    digest = accounts.push(APP, "a")
    assert accounts.images.digest(APP) == digest
    assert accounts.images.digest(APP.with_digest(digest)) == digest
    assert accounts.images.digest(APP.with_tag("2.0.0").with_digest(digest)) == digest
    assert accounts.images.digest(APP.with_tag("2.0.0")) is None
    assert accounts.images.digest(APP.with_digest(Digest.of(b"no image"))) is None
    assert accounts.images.digest(ImageRef(ONE, "team/none", "1.0.0")) is None


def test_tags_are_those_of_one_repository(accounts: Accounts) -> None:
    for tag in ("1.0.0", "1.0.1"):
        accounts.push(APP.with_tag(tag), "a")
    accounts.push(ImageRef(ONE, "team/other", "3.0.0"), "b")
    assert sorted(accounts.images.tags(ONE, "team/app")) == ["1.0.0", "1.0.1"]
    assert accounts.images.tags(ONE, "team/none") == ()
    assert accounts.images.tags(OTHER, "team/app") == ()


def test_a_copy_has_the_same_digest_and_is_adopted_the_second_time(accounts: Accounts) -> None:
    digest = accounts.push(APP, "a")
    first = accounts.images.copy(APP.with_digest(digest), COPY)
    assert (first.digest, first.adopted) == (digest, False)
    assert accounts.images.digest(COPY) == digest
    again = accounts.images.copy(APP.with_digest(digest), COPY)
    assert (again.digest, again.adopted) == (digest, True)


def test_the_digest_is_copied_not_what_the_tag_holds_now(accounts: Accounts) -> None:
    digest = accounts.push(APP, "a")
    accounts.push(APP, "b")
    accounts.images.copy(APP.with_digest(digest), COPY)
    assert accounts.images.digest(COPY) == digest


def test_a_tag_with_another_digest_is_not_overwritten(accounts: Accounts) -> None:
    held = accounts.push(COPY, "b")
    with pytest.raises(TagExists):
        accounts.images.copy(APP.with_digest(accounts.push(APP, "a")), COPY)
    assert accounts.images.digest(COPY) == held


def test_what_the_source_does_not_have_is_not_copied(accounts: Accounts) -> None:
    accounts.push(APP, "a")
    with pytest.raises(ManifestMissing):
        accounts.images.copy(APP.with_digest(Digest.of(b"no image")), COPY)
    assert accounts.images.digest(COPY) is None


def test_a_copy_goes_from_a_digest_to_a_tag(accounts: Accounts) -> None:
    digest = accounts.push(APP, "a")
    with pytest.raises(InvalidImageRef):
        accounts.images.copy(APP, COPY)
    with pytest.raises(InvalidImageRef):
        accounts.images.copy(APP.with_digest(digest), ImageRef(OTHER, "team/app"))


def test_no_other_host_is_asked(accounts: Accounts) -> None:
    foreign = ImageRef("evil.example", "team/app", "1.0.0", Digest.of(b"evil"))
    digest = accounts.push(APP, "a")
    with pytest.raises(HostNotConfigured):
        accounts.images.digest(foreign)
    with pytest.raises(HostNotConfigured):
        accounts.images.tags(foreign.host, foreign.repository)
    with pytest.raises(HostNotConfigured):
        accounts.images.copy(foreign, COPY)
    with pytest.raises(HostNotConfigured):
        accounts.images.copy(APP.with_digest(digest), foreign)
