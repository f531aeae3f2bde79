"""What the system refuses in an image-layout folder is an error of that registry, and of no other."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from support.road_world import release_image, world_with_release
from tidegate.errors.registry import FolderFailed, FolderMissing
from tidegate.model.digest import Digest
from tidegate.model.image import ImageRef
from tidegate.model.manifest import Descriptor
from tidegate.model.registry_account import RegistryAccount
from tidegate.registry.images import RegistryImages
from tidegate.registry.layout.registry import LayoutRegistry
from tidegate.testing.images import build_image

IMAGE = build_image("inventory")
BLOB = Descriptor("application/octet-stream", Digest.of(b"x"), 1)


@pytest.mark.parametrize("path", ["account", "account/app"])
def test_a_file_where_a_folder_should_be(tmp_path: Path, path: str) -> None:
    (tmp_path / path).parent.mkdir(exist_ok=True)
    (tmp_path / path).write_text("a file")
    registry = LayoutRegistry(tmp_path / "account")
    calls = (
        lambda: registry.resolve("app", "1.0.0"),
        lambda: registry.resolve("app", str(BLOB.digest)),
        lambda: registry.manifest("app", "1.0.0"),
        lambda: list(registry.tags("app")),
        lambda: registry.write_blob("app", BLOB, iter([b"x"])),
        lambda: IMAGE.push(registry, "app", "1.0.0"),
        lambda: registry.read_blob("app", BLOB.digest).__enter__(),
    )
    for call in calls:
        with pytest.raises(FolderFailed) as caught:
            call()
        assert caught.value.what in {"the system refused: Not a directory", "the system refused: File exists"}
        assert str(caught.value.where).startswith(str(tmp_path / path))
        assert caught.value.hint == "a file is where a folder should be: correct the endpoint, or move the file away"


@pytest.mark.parametrize(
    ("number", "hint"),
    [
        (errno.ENOSPC, "make room on that disk"),
        (errno.EACCES, "whoever runs tidegate must be allowed to read and write there"),
        (errno.EIO, "look at the disk or the network file system that it is on"),
    ],
)
def test_what_the_system_refuses_has_a_hint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, hint: str
) -> None:
    registry = LayoutRegistry(tmp_path)

    def refuse(_: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(FolderFailed) as caught:
        IMAGE.push(registry, "app", "1.0.0")
    error = caught.value
    assert (error.what, error.where, error.hint) == (
        f"the system refused: {os.strerror(number)}",
        str(tmp_path / "app"),
        hint,
    )


def test_what_reads_a_blob_keeps_its_own_errors(tmp_path: Path) -> None:
    registry = LayoutRegistry(tmp_path)
    IMAGE.push(registry, "app", "1.0.0")
    blob = registry.manifest("app", "1.0.0").contents().blobs[0]
    with pytest.raises(OSError, match="not yours"), registry.read_blob("app", blob.digest):
        raise OSError(errno.ENOSPC, "not yours")


def test_all_others_are_delivered_and_the_failed_one_is_named(tmp_path: Path) -> None:
    """prd's folder became a file; e2e's merge request has nothing to do with it."""
    world = world_with_release(tmp_path / "world", until="e2e")
    world.tidegate("promote", "inventory", "--to", "staging")
    world.tidegate("mr", "approve", "platform/gitops-staging!1", "--as", "sam")
    world.push_image("dev", "1.1.4", release_image("inventory 1.1.4"))
    world.declare("dev", "1.1.4")
    world.tidegate("promote", "inventory", "--to", "e2e")
    folder = tmp_path / "world" / "registries" / "prd"
    folder.rmdir()
    folder.write_text("a file")
    outcomes = {each["mergeRequest"]: each for each in world.json("deliver", "--all", expect=1)["deliveries"]}
    assert outcomes["platform/gitops!1"]["outcome"] == "delivered"
    failed = outcomes["platform/gitops-staging!1"]
    assert (failed["outcome"], failed["error"]["code"]) == ("failed", "registry/folder-failed")
    assert failed["error"]["where"].startswith(str(folder))
    assert "Not a directory" in world.tidegate("image", "ls", "prd:inventory", expect=1).err


def test_a_configured_folder_that_is_gone_is_no_empty_registry(tmp_path: Path) -> None:
    account = RegistryAccount("prd", "prd.example", f"oci-layout:{tmp_path}/prd")
    with RegistryImages({account.host: account}, environment={}, home=tmp_path) as images:
        registry = images.registry(account.host)
        calls = (
            lambda: images.digest(ImageRef.parse("prd.example/app:1.0.0")),
            lambda: images.tags("prd.example", "app"),
            lambda: registry.has_blob("app", BLOB),
            lambda: IMAGE.push(registry, "app", "1.0.0"),
        )
        for call in calls:
            with pytest.raises(FolderMissing) as caught:
                call()
            assert caught.value.where == str(tmp_path / "prd")
        assert caught.value.hint == f"mount what it is on, or make it for a new account: mkdir -p {tmp_path}/prd"
        assert list(tmp_path.iterdir()) == []
        (tmp_path / "prd").mkdir()
        IMAGE.push(registry, "app", "1.0.0")
        assert images.tags("prd.example", "app") == ("1.0.0",)


def test_a_delivery_makes_no_folder(tmp_path: Path) -> None:
    world = world_with_release(tmp_path / "world", until="e2e")
    world.tidegate("promote", "inventory", "--to", "staging")
    world.tidegate("mr", "approve", "platform/gitops-staging!1", "--as", "sam")
    folder = tmp_path / "world" / "registries" / "prd"
    folder.rmdir()
    ended = world.tidegate("deliver", "inventory", "--to", "staging", expect=1)
    assert "registry/folder-missing" in ended.err
    assert not folder.exists()
