"""Which tag a release gets."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from support.engine_world import INVENTORY, EngineWorld
from tidegate.engine.candidates import candidate_tag, existing_candidates, rightful_tag
from tidegate.model import Digest, TagPattern, Version

ONE, TWO, NEW = (Digest.of(name) for name in (b"one", b"two", b"new"))
RC = "{version}-rc{n}"


@pytest.mark.parametrize(
    ("pattern", "existing", "tag"),
    [
        pytest.param(RC, {}, "1.1.3-rc1", id="the first candidate"),
        pytest.param(RC, {"1.1.3-rc1": NEW, "1.1.3-rc2": TWO}, "1.1.3-rc1", id="the same digest keeps its number"),
        pytest.param(RC, {"1.1.3-rc2": NEW, "1.1.3-rc5": NEW}, "1.1.3-rc2", id="of two numbers, the first"),
        pytest.param(RC, {"1.1.3-rc1": ONE, "1.1.3-rc2": TWO}, "1.1.3-rc3", id="a new digest gets the next"),
        pytest.param(RC, {"1.1.3-rc9": ONE, "1.1.3-rc10": TWO}, "1.1.3-rc11", id="ten is more than nine"),
        pytest.param(RC, {"1.1.3-rc4": ONE}, "1.1.3-rc5", id="a gap is not filled"),
        pytest.param(
            RC, {"1.1.4-rc7": NEW, "latest": NEW, "1.1.3": NEW, "1.1.3-rc01": NEW}, "1.1.3-rc1", id="not its tags"
        ),
        pytest.param(RC, {"1.1.3-rc0": NEW}, "1.1.3-rc1", id="zero is no number"),
        pytest.param("{version}-rc.{n}", {"1.1.3-rc1": ONE, "1.1.3-rc.2": TWO}, "1.1.3-rc.3", id="another pattern"),
        pytest.param("{version}", {"1.1.3": ONE}, "1.1.3", id="without numbers there is one tag"),
    ],
)
def test_the_tag_of_a_release(pattern: str, existing: Mapping[str, Digest], tag: str) -> None:
    assert candidate_tag(TagPattern(pattern), Version.parse("1.1.3"), NEW, existing) == tag


@pytest.mark.parametrize(
    ("tag", "existing", "rightful"),
    [
        pytest.param("1.1.3-rc1", {}, "1.1.3-rc1", id="the first"),
        pytest.param("1.1.3-rc0", {}, "1.1.3-rc1", id="zero, by hand"),
        pytest.param("1.1.3-rc0", {"1.1.3-rc0": NEW, "1.1.3-rc1": ONE}, "1.1.3-rc2", id="zero that is there"),
        pytest.param("1.1.3-rc3", {"1.1.3-rc1": ONE, "1.1.3-rc2": NEW}, "1.1.3-rc2", id="a second number"),
        pytest.param("1.1.3-rc2", {"1.1.3-rc1": NEW, "1.1.3-rc2": NEW}, "1.1.3-rc2", id="of two, either"),
        pytest.param("1.1.3-rc2", {"1.1.3-rc1": NEW, "1.1.3-rc2": TWO}, "1.1.3-rc1", id="another's number"),
        pytest.param("1.1.3-rc7", {"1.1.3-rc1": ONE}, "1.1.3-rc7", id="a gap does no harm"),
        pytest.param("1.1.3-rc1", {"1.1.3-rc0": NEW}, "1.1.3-rc1", id="what is at zero is no candidate"),
        pytest.param("1.1.3", {"1.1.3-rc1": NEW}, "1.1.3", id="no candidate"),
    ],
)
def test_a_number_that_a_person_wrote(tag: str, existing: Mapping[str, Digest], rightful: str) -> None:
    assert rightful_tag(TagPattern(RC), tag, NEW, existing) == rightful


def test_only_tags_of_the_version_are_asked_for_their_digest() -> None:
    town = EngineWorld()
    for tag in ("1.1.3-rc1", "1.1.3-rc2", "1.1.2-rc1", "latest"):
        town.push("e2e", tag)
    town.images.calls.clear()
    found = existing_candidates(town.images, town.environments["e2e"], INVENTORY, Version.parse("1.1.3"))
    assert set(found) == {"1.1.3-rc1", "1.1.3-rc2"}
    assert len(town.images.calls) == 1 + 2


def test_without_numbers_the_tags_are_not_listed() -> None:
    town = EngineWorld()
    town.images.calls.clear()
    assert existing_candidates(town.images, town.environments["staging"], INVENTORY, Version.parse("1.1.3")) == {}
    assert town.images.calls == ["digest prd.example/team/inventory:1.1.3"]
