"""Files of an image layout that are not what they should be, and folders that are none."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tidegate.errors.registry import BlobMissing, DigestMismatch, FileDamaged, FolderTaken, ManifestMissing, TagExists
from tidegate.http.retry import Retry
from tidegate.model.manifest import Descriptor
from tidegate.registry.copy.copier import Copier
from tidegate.registry.layout.files import link
from tidegate.registry.layout.registry import LayoutFolder, LayoutRegistry
from tidegate.registry.tree import Home
from tidegate.testing.images import build_image
from tidegate.testing.registry import FakeRegistry

IMAGE = build_image("inventory")
BLOB, DATA = list(IMAGE.blobs.items())[-1]


def _file(folder: Path, blob: Descriptor = BLOB) -> Path:
    return folder / "blobs" / blob.digest.algorithm / blob.digest.hex


def _cut(folder: Path) -> None:
    with _file(folder).open("r+b") as file:
        file.truncate(100)


def _copier(waits: list[float] | None = None) -> Copier:
    return Copier(Retry(sleep=(waits if waits is not None else []).append))


@pytest.mark.parametrize("content", [DATA[:100], DATA + b"x", b""])
def test_a_file_of_another_length_is_not_the_blob_and_is_written_anew(tmp_path: Path, content: bytes) -> None:
    source, layout = FakeRegistry(), LayoutFolder(tmp_path)
    IMAGE.push(source, "app", "1")
    IMAGE.push(layout, "", "1")
    _file(tmp_path).write_bytes(content)
    assert not layout.has_blob("", BLOB)
    assert not layout.mount_blob("", BLOB, "")
    with pytest.raises(BlobMissing, match="not there whole"):
        layout.put_manifest("", "2", IMAGE.root)
    report = _copier().copy(Home(source, "dev", "app"), "1", Home(layout, "there", ""), "2")
    assert (report.blobs_sent, report.blobs_present) == (1, len(IMAGE.blobs) - 1)
    assert _file(tmp_path).read_bytes() == DATA


def test_a_file_of_another_length_is_not_mounted_and_is_mounted_over(tmp_path: Path) -> None:
    registry = LayoutRegistry(tmp_path)
    for repository in ("one", "two"):
        IMAGE.push(registry, repository, "1")
    _cut(tmp_path / "one")
    assert not registry.mount_blob("three", BLOB, "one")
    assert registry.mount_blob("one", BLOB, "two")
    assert _file(tmp_path / "one").samefile(_file(tmp_path / "two"))
    assert link(_file(tmp_path / "two"), _file(tmp_path / "one"), tmp_path)  # as if another one had been faster
    assert not list(tmp_path.rglob(".incoming-*"))


def test_a_damaged_file_is_read_once(tmp_path: Path) -> None:
    layout, waits = LayoutFolder(tmp_path), list[float]()
    IMAGE.push(layout, "", "1")
    _file(tmp_path).write_bytes(DATA[:-1] + b"x")
    with pytest.raises(FileDamaged) as caught:
        _copier(waits).copy(Home(layout, "here", ""), "1", Home(FakeRegistry(), "prd", "app"), "1")
    assert (caught.value.where, waits) == (str(_file(tmp_path)), [])
    assert "copy the image again from where it was made" in str(caught.value.hint)
    assert isinstance(caught.value, DigestMismatch)


def test_a_folder_with_other_files_does_not_become_a_layout(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("mine")
    (tmp_path / "blobs").mkdir()
    with pytest.raises(FolderTaken, match=r"README\.md is in it") as caught:
        IMAGE.push(LayoutFolder(tmp_path), "", "1")
    assert (caught.value.where, caught.value.hint) == (str(tmp_path), "name a new folder, or an empty one")
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["README.md", "blobs"]


@pytest.mark.parametrize("there", [(), ("blobs", ".incoming-1"), ("lost+found",), ("index.json", "README.md")])
def test_what_may_become_a_layout(tmp_path: Path, there: tuple[str, ...]) -> None:
    """A new folder, one that somebody has begun, a new file system, a layout whose marker is missing."""
    for name in there:
        if "." in name:
            (tmp_path / name).write_text("{}")
        else:
            (tmp_path / name).mkdir()
    layout = LayoutFolder(tmp_path)
    IMAGE.push(layout, "", "1")
    assert list(layout.tags("")) == ["1"]


@pytest.mark.parametrize("make", [Path.mkdir, Path.exists])
def test_no_layout_has_no_list_of_tags(tmp_path: Path, make: Callable[[Path], object]) -> None:
    make(tmp_path / "none")
    with pytest.raises(ManifestMissing) as caught:
        list(LayoutFolder(tmp_path / "none").tags(""))
    assert caught.value.hint == "this is no image layout: is the path right?"


@pytest.mark.parametrize("held", ["", "1"])
def test_a_wrong_source_is_explained_whatever_the_target_holds(tmp_path: Path, held: str) -> None:
    target, layout = FakeRegistry(), LayoutFolder(tmp_path / "bundle")
    if held:
        build_image("other").push(target, "app", held)
    IMAGE.push(layout, "", "inventory-1.1.3")
    hints = []
    for folder in (layout, LayoutFolder(tmp_path / "nosuch")):
        with pytest.raises(ManifestMissing, match=r"there is no 1\.0$") as caught:
            _copier().copy(Home(folder, "oci-layout:bundle", ""), "1.0", Home(target, "prd", "app"), "1")
        hints.append(caught.value.hint)
    assert hints == ["it holds inventory-1.1.3", "this is no image layout: is the path right?"]
    if held:
        with pytest.raises(TagExists):
            _copier().copy(Home(layout, "oci-layout:bundle", ""), "inventory-1.1.3", Home(target, "prd", "app"), "1")
