"""Lists of copies: what two lines may not say."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tidegate.cli.image.pairs import read_pairs
from tidegate.errors import Place, TidegateError
from tidegate.errors.image import PairInvalid, PlaceInvalid
from tidegate.errors.model import InvalidImageRef
from tidegate.model.digest import Digest
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


def test_a_line_does_not_read_what_another_writes(tmp_path: Path, places: Places) -> None:
    """Whether it is there by then would be chance."""
    (tmp_path / "list").write_text("oci-layout:b:1 oci-layout:c:1\noci-layout:a:1 oci-layout:b:1\n")
    with pytest.raises(PairInvalid, match="line 2 writes oci-layout:b:1, which this line reads") as caught:
        read_pairs("list", tmp_path, places)
    assert caught.value.where == Place("list", 1)
    (tmp_path / "list").write_text(f"oci-layout:b:1@{Digest.of(b'x')} oci-layout:c:1\noci-layout:a:1 oci-layout:b:1\n")
    assert len(read_pairs("list", tmp_path, places)) == 2
    (tmp_path / "list").write_text("oci-layout:a:1 oci-layout:a:1\n")
    assert len(read_pairs("list", tmp_path, places)) == 1


@pytest.mark.parametrize(
    ("writes", "reads", "told"),
    [
        ("r.example/b:latest", "r.example/b", "r.example/b:latest"),
        ("oci-layout:b:1", "oci-layout:./b", "oci-layout:b:1"),
    ],
    ids=["latest, by no tag", "the only image of a folder"],
)
def test_nor_by_another_name(tmp_path: Path, places: Places, writes: str, reads: str, told: str) -> None:
    (tmp_path / "list").write_text(f"oci-layout:a:1 {writes}\n{reads} oci-layout:d:1\n")
    with pytest.raises(PairInvalid, match=f"line 1 writes {told}, which this line reads") as caught:
        read_pairs("list", tmp_path, places)
    assert caught.value.where == Place("list", 2)


@pytest.mark.parametrize(
    ("source", "target", "written"),
    [
        ("r.example/a", "s.example/b", "s.example/b:latest"),
        ("r.example/a", "s.example/b:2", "s.example/b:2"),
        ("r.example/a:1", "s.example/b", "s.example/b:1"),
        (f"r.example/a@{Digest.of(b'x')}", "s.example/b", "s.example/b"),
        ("oci-layout:a", "s.example/b", "s.example/b"),
    ],
)
def test_a_target_without_a_tag_gets_the_one_that_is_read(
    tmp_path: Path, places: Places, source: str, target: str, written: str
) -> None:
    (tmp_path / "list").write_text(f"{source} {target}\n")
    (pair,) = read_pairs("list", tmp_path, places)
    assert str(pair.written) == written


def test_comments_marks_and_line_ends_of_any_editor(tmp_path: Path, places: Places) -> None:
    text = b"\xef\xbb\xbf# a release\r\n\r\noci-layout:a:1\toci-layout:b  # the first\r\n  #oci-layout:c oci-layout:d"
    (tmp_path / "list").write_bytes(text)
    assert [str(pair.written) for pair in read_pairs("list", tmp_path, places)] == ["oci-layout:b:1"]


@pytest.mark.parametrize(
    ("second", "kind"), [("r.example/Bad:1", InvalidImageRef), ("oci-layout:a@sha256:1", PlaceInvalid)]
)
def test_a_name_that_is_none_is_told_with_its_line(
    tmp_path: Path, places: Places, second: str, kind: type[TidegateError]
) -> None:
    (tmp_path / "list").write_text(f"# a release\noci-layout:a:1 {second}\n")
    with pytest.raises(kind) as caught:
        read_pairs("list", tmp_path, places)
    assert caught.value.where == Place("list", 2)
    assert caught.value.hint


def test_a_list_may_come_from_a_pipe_that_the_shell_names(places: Places) -> None:
    """`--from <(generate)` in bash."""
    reading, writing = os.pipe()
    with os.fdopen(reading), os.fdopen(writing, "w") as pipe:
        pipe.write("oci-layout:a:1 oci-layout:b\n")
        pipe.close()
        assert len(read_pairs(f"/dev/fd/{reading}", Path(), places)) == 1


def test_stdin_may_be_closed(places: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    """`--from - <&-`: Python has no stdin then."""
    monkeypatch.setattr("sys.stdin", None)
    with pytest.raises(PairInvalid, match="stdin is closed"):
        read_pairs("-", Path(), places)


def test_a_list_of_another_encoding_is_told(tmp_path: Path, places: Places) -> None:
    """PowerShell 5 writes it with `>`."""
    (tmp_path / "list").write_text("oci-layout:a:1 oci-layout:b\n", encoding="utf-16")
    with pytest.raises(PairInvalid, match="the list is UTF-16") as caught:
        read_pairs("list", tmp_path, places)
    assert "UTF-8" in (caught.value.hint or "")


def test_what_can_not_be_read_is_told(tmp_path: Path, places: Places) -> None:
    for file, what in (("none", "there is no file none"), (str(tmp_path), "directory")):
        with pytest.raises(PairInvalid, match=what) as caught:
            read_pairs(file, tmp_path, places)
        assert caught.value.hint == "name a file, or - for stdin"
