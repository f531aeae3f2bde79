"""Which tags hold an image: few are asked, and those that may well do."""

from __future__ import annotations

from tidegate.engine.views.image_tags import MOST_ASKED, TagsSeen, read_tags
from tidegate.model import ImageRef, TagPattern
from tidegate.testing.images_port import FakeImages

HOST, REPOSITORY = "e2e.example", "team/inventory"
REVISION = "1a2b3c4d" * 5


def place(tag: str) -> ImageRef:
    return ImageRef(HOST, REPOSITORY, tag)


def read(tag: str, pattern: str = "{version}-rc{n}", **pushed: str) -> tuple[TagsSeen, list[str]]:
    """Return what is told of the image at `tag`, and which tags were asked; `pushed` is content → tags."""
    images = FakeImages([HOST])
    for content, tags in pushed.items():
        for each in tags.split():
            images.push(place(each), content)
    digest = images.digest(place(tag))
    assert digest is not None
    images.calls.clear()
    seen = read_tags(images, place(tag).with_digest(digest), TagPattern(pattern), REVISION)
    asked = [call.rpartition(":")[2] for call in images.calls if call.startswith("digest ")]
    assert images.calls.count(f"tags {HOST}/{REPOSITORY}") == 1
    return seen, asked


def test_every_tag_of_a_small_repository_is_asked() -> None:
    seen, _ = read("1.1.3-rc2", new="1.1.3-rc2 1.1.3-rc3 edge", old="1.1.3-rc1 1.1.2-rc1")
    assert seen.same == ("1.1.3-rc3", "1.1.3-rc2", "edge")
    assert (seen.asked, seen.total) == (5, 5)


def test_versions_are_in_the_order_of_versions_and_candidates_by_number() -> None:
    seen, _ = read("1.1.3-rc2", new="1.1.3-rc2 1.1.3-rc10 1.1.3 1.2.0-rc1 1.10.0-rc1 edge", old="v1.9.0")
    assert seen.newest == ("1.10.0-rc1", "v1.9.0", "1.2.0-rc1", "1.1.3", "1.1.3-rc10", "1.1.3-rc2")


def test_of_many_tags_few_are_asked_those_of_its_version_and_commit_first() -> None:
    crowd = " ".join([*(f"1.0.{number}-rc1" for number in range(300)), *(f"main-{number:07}" for number in range(20))])
    seen, asked = read("1.1.3-rc2", new="1.1.3-rc2 1.1.3 main-1a2b3c4", old=f"1.1.3-rc1 {crowd}")
    assert seen.same == ("1.1.3", "1.1.3-rc2", "main-1a2b3c4")
    assert (len(asked), seen.asked, seen.total) == (MOST_ASKED, MOST_ASKED, 324)
    assert {"1.1.3-rc1", "1.1.3-rc2", "1.1.3", "main-1a2b3c4"} < set(asked)


def test_its_own_version_is_listed_however_old_it_is() -> None:
    seen, _ = read("1.0.0-rc1", old="1.0.0-rc1", new=" ".join(f"2.0.{number}-rc1" for number in range(20)))
    assert seen.newest == (*(f"2.0.{number}-rc1" for number in range(19, 12, -1)), "1.0.0-rc1")


def test_a_tag_that_is_not_there_any_more_is_not_listed() -> None:
    images = FakeImages([HOST])
    digest = images.push(place("1.0.0"), "x")
    seen = read_tags(images, place("0.9.0").with_digest(digest), TagPattern("{version}"), None)
    assert seen == TagsSeen(("1.0.0",), 1, ("1.0.0",), 1)
