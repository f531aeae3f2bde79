"""Lists of copies: what two lines may not say."""

from __future__ import annotations

from pathlib import Path

import pytest

from tidegate.cli.image.pairs import read_pairs
from tidegate.errors import Place
from tidegate.errors.image import PairInvalid
from tidegate.registry.images import RegistryImages
from tidegate.registry.places import AnyAccounts, Places


@pytest.fixture
def places(tmp_path: Path) -> Places:
    """Places of no configured account, relative to `tmp_path`."""
    return Places(RegistryImages(AnyAccounts({}), environment={}, home=tmp_path), {}, tmp_path)


def test_two_lines_do_not_write_one_tag_from_two_sources(tmp_path: Path, places: Places) -> None:
    """Whichever came last would hold, and both would be told as done."""
    (tmp_path / "list").write_text("# a release\noci-layout:a:1 oci-layout:c:1\n\noci-layout:./b:1 oci-layout:./c\n")
    with pytest.raises(PairInvalid, match=r"line 2 writes oci-layout:\./c:1, too") as caught:
        read_pairs("list", tmp_path, places)
    assert caught.value.where == Place("list", 4)


@pytest.mark.parametrize(
    "second",
    ["oci-layout:a:1 oci-layout:c:1", "oci-layout:b:1 oci-layout:c:2", "oci-layout:b:1 oci-layout:d:1"],
    ids=["the same once more", "another tag", "another place"],
)
def test_other_lines_stand_beside_each_other(tmp_path: Path, places: Places, second: str) -> None:
    (tmp_path / "list").write_text(f"oci-layout:a:1 oci-layout:c:1\n{second}\n")
    assert len(read_pairs("list", tmp_path, places)) == 2
