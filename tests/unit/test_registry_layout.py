"""Image-layout folders: what only a folder can get wrong. The rest is in the registries' contract."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tidegate.errors.registry import DigestMismatch, LayoutInvalid
from tidegate.registry.layout.registry import LayoutRegistry
from tidegate.registry.tree import Home, read_tree
from tidegate.testing.images import build_image, build_index

IMAGE = build_image("inventory")

PUSH_MANY = """
import sys
from pathlib import Path
from tidegate.registry.layout.registry import LayoutRegistry
from tidegate.testing.images import build_image
for number in range(8):
    build_image(f"image {number}").push(LayoutRegistry(Path(sys.argv[1])), "app", f"{sys.argv[2]}.{number}")
"""

PUSH_AND_DIE = """
import os, sys
from pathlib import Path
from tidegate.registry.layout.registry import LayoutRegistry
from tidegate.testing.images import build_index
image = build_index("inventory")
def push_and_die(folder, step):
    left = [step]
    def dies(real):
        def call(*args, **kwargs):
            left[0] -= 1
            if left[0] < 0:
                os._exit(9)
            return real(*args, **kwargs)
        return call
    os.fsync, Path.replace, Path.mkdir = dies(os.fsync), dies(Path.replace), dies(Path.mkdir)
    image.push(LayoutRegistry(folder), "team/app", "1.0.0")
    os._exit(0)
step, died = -1, True
while died:
    step += 1
    child = os.fork() or push_and_die(Path(sys.argv[1]) / str(step), step)
    died = os.waitpid(child, 0)[1] != 0
print(step)
"""
"""Pushes again and again, each time killed one step later, until a push is done; prints how many were killed."""


def _skopeo(*arguments: str) -> str:
    return subprocess.run(["skopeo", *arguments], check=True, capture_output=True, text=True, timeout=60).stdout


def _is_whole(folder: Path, repository: str) -> bool:
    """Return whether the folder holds a layout; all that its tags name must be there and be right."""
    registry = LayoutRegistry(folder)
    for tag in registry.tags(repository):
        found = registry.resolve(repository, tag)
        assert found is not None
        for blob in read_tree(Home(registry, "layout", repository), found.digest).blobs:
            with registry.read_blob(repository, blob.digest) as pieces:
                assert sum(len(piece) for piece in pieces) == blob.size
    return (folder / repository / "oci-layout").exists()


def test_skopeo_reads_what_we_write_and_we_read_what_it_writes(tmp_path: Path) -> None:
    registry = LayoutRegistry(tmp_path)
    labelled = build_image(
        "labelled", files={"etc/motd": b"hello"}, labels={"org.opencontainers.image.version": "1.1.3"}
    )
    labelled.push(registry, "inventory", "1.1.3")
    seen = json.loads(_skopeo("inspect", f"oci:{tmp_path}/inventory:1.1.3"))
    assert seen["Digest"] == str(labelled.digest)
    assert seen["Labels"] == {"org.opencontainers.image.version": "1.1.3"}
    _skopeo("copy", "--all", f"oci:{tmp_path}/inventory:1.1.3", f"oci:{tmp_path}/inventory:theirs")
    _skopeo("copy", "--all", f"oci:{tmp_path}/inventory:1.1.3", f"oci:{tmp_path}/other:1.1.3")
    assert registry.manifest("inventory", "theirs") == labelled.root
    assert registry.manifest("other", "1.1.3") == labelled.root
    assert sorted(registry.tags("inventory")) == ["1.1.3", "theirs"]


def test_an_index_is_read_by_skopeo_with_all_its_platforms(tmp_path: Path) -> None:
    image = build_index("inventory")
    image.push(LayoutRegistry(tmp_path / "ours"), "inventory", "1.1.3")
    _skopeo("copy", "--all", f"oci:{tmp_path}/ours/inventory:1.1.3", f"dir:{tmp_path}/theirs")
    assert (tmp_path / "theirs" / "manifest.json").read_bytes() == image.root.data


def test_entries_of_other_tools_are_kept(tmp_path: Path) -> None:
    registry = LayoutRegistry(tmp_path)
    IMAGE.push(registry, "app", "1.0.0")
    path = tmp_path / "app" / "index.json"
    index = json.loads(path.read_bytes())
    strange = {"mediaType": "application/x", "digest": "strange", "size": 1, "urls": ["x"]}
    path.write_text(json.dumps({**index, "manifests": [strange, *index["manifests"]], "annotations": {"a": "b"}}))
    build_image("other").push(registry, "app", "1.0.0")
    after = json.loads(path.read_bytes())
    assert after["annotations"] == {"a": "b"}
    assert after["manifests"][0] == strange
    assert len(after["manifests"]) == 2
    assert list(registry.tags("app")) == ["1.0.0"]


def test_repositories_may_lie_in_one_another(tmp_path: Path) -> None:
    registry = LayoutRegistry(tmp_path)
    for repository in ("team/app", "team", "team/app/sidecar"):
        IMAGE.push(registry, repository, "1.0.0")
    for repository in ("team/app", "team", "team/app/sidecar"):
        assert _is_whole(tmp_path, repository)
        assert list(registry.tags(repository)) == ["1.0.0"]


@pytest.mark.parametrize(
    "repository", ["../out", "/etc", "a//b", "", "a/../b", "A", "app/blobs", "app/index.json", "a\0"]
)
def test_names_that_are_no_repositories(tmp_path: Path, repository: str) -> None:
    with pytest.raises(LayoutInvalid):
        IMAGE.push(LayoutRegistry(tmp_path / "in"), repository, "1.0.0")
    assert list(tmp_path.iterdir()) == []


def test_a_link_that_leads_out_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "out").mkdir()
    (tmp_path / "in" / "app").symlink_to(tmp_path / "out")
    with pytest.raises(LayoutInvalid, match="leads out"):
        IMAGE.push(LayoutRegistry(tmp_path / "in"), "app", "1.0.0")
    assert list((tmp_path / "out").iterdir()) == []


def test_the_account_itself_may_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    IMAGE.push(LayoutRegistry(tmp_path / "link"), "app", "1.0.0")
    assert _is_whole(tmp_path / "real", "app")


@pytest.mark.parametrize("content", [None, "", "[]", '{"manifests": 1}', '{"manifests": [1]}', "[" * 100_000])
def test_an_index_that_can_not_be_read(tmp_path: Path, content: str | None) -> None:
    registry = LayoutRegistry(tmp_path)
    IMAGE.push(registry, "app", "1.0.0")
    path = tmp_path / "app" / "index.json"
    path.unlink() if content is None else path.write_text(content)
    with pytest.raises(LayoutInvalid) as caught:
        registry.resolve("app", "1.0.0")
    assert caught.value.where == str(path)
    assert (
        caught.value.hint == "restore index.json from a backup: it says which tag is which image; keep blobs/ as it is"
    )


def test_bytes_that_changed_on_the_disk_are_found(tmp_path: Path) -> None:
    registry = LayoutRegistry(tmp_path)
    IMAGE.push(registry, "app", "1.0.0")
    blobs = tmp_path / "app" / "blobs" / "sha256"
    layer = list(IMAGE.blobs)[-1].digest
    (blobs / layer.hex).write_bytes(b"x" * 300_000)
    with registry.read_blob("app", layer) as pieces, pytest.raises(DigestMismatch):
        list(pieces)
    (blobs / IMAGE.digest.hex).write_bytes(IMAGE.root.data + b" ")
    with pytest.raises(DigestMismatch):
        registry.manifest("app", "1.0.0")


def test_a_config_is_no_manifest(tmp_path: Path) -> None:
    registry = LayoutRegistry(tmp_path)
    IMAGE.push(registry, "app", "1.0.0")
    for blob in IMAGE.blobs:
        assert registry.resolve("app", str(blob.digest)) is None


def test_what_killed_processes_left_is_swept_away(tmp_path: Path) -> None:
    registry = LayoutRegistry(tmp_path)
    IMAGE.push(registry, "app", "1.0.0")
    old, new = tmp_path / "app" / ".incoming-old", tmp_path / "app" / ".incoming-new"
    for path in (old, new):
        path.write_bytes(b"half a blob")
    os.utime(old, (time.time() - 7200,) * 2)
    IMAGE.push(registry, "app", "1.0.1")
    assert not old.exists()
    assert new.exists()


def test_many_processes_write_one_layout(tmp_path: Path) -> None:
    command = [sys.executable, "-c", PUSH_MANY, str(tmp_path)]
    processes = [subprocess.Popen([*command, str(number)]) for number in range(3)]
    assert [process.wait(60) for process in processes] == [0, 0, 0]
    assert len(list(LayoutRegistry(tmp_path).tags("app"))) == 24
    assert _is_whole(tmp_path, "app")
    assert list((tmp_path / "app").glob(".incoming-*")) == []


def test_killed_anywhere_the_layout_stays_whole_and_the_next_push_finishes(tmp_path: Path) -> None:
    command = [sys.executable, "-c", PUSH_AND_DIE, str(tmp_path)]
    killed = int(subprocess.run(command, check=True, capture_output=True, timeout=120).stdout)
    assert killed > 20
    for step in range(killed + 1):
        folder = tmp_path / str(step)
        valid = _is_whole(folder, "team/app")
        assert not valid or (folder / "team" / "app" / "index.json").exists()
        build_index("inventory").push(LayoutRegistry(folder), "team/app", "1.0.0")
        assert _is_whole(folder, "team/app")
