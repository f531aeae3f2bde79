"""`tidegate image verify`: what is wrong with a copy, and what to do about it as it can be typed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from support.image_folder import IMAGE, SBOM, SIGNATURE, fill, tidegate_image
from tidegate.model.digest import Digest
from tidegate.model.manifest import FOREIGN_LAYER_TYPES, OCI_INDEX, OCI_MANIFEST, Manifest
from tidegate.model.referrers import cosign_tags
from tidegate.registry.layout.registry import LayoutFolder
from tidegate.testing.images import build_image


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder whose layout `build` has an image with an SBOM and a signature."""
    fill(tmp_path / "build")
    return tmp_path


def test_what_is_missing_is_told(folder: Path) -> None:
    layout = LayoutFolder(folder / "bundle")
    tidegate_image(folder, "copy", "oci-layout:build:1.1.3", "oci-layout:bundle", "--referrers", "never")
    layer = list(IMAGE.blobs)[-1].digest
    (folder / "bundle" / "blobs" / "sha256" / layer.hex).unlink()
    (folder / "bundle" / "blobs" / "sha256" / IMAGE.children[0].digest.hex).unlink()
    ended = tidegate_image(folder, "verify", "oci-layout:build:1.1.3", "oci-layout:bundle", expect=1)
    assert f"blob {layer} is missing" in ended.out
    assert f"manifest {IMAGE.children[0].digest} is missing" in ended.out
    assert f"{SBOM.digest}, which is attached to {IMAGE.digest}, is not attached there" in ended.out
    assert f"(tag {cosign_tags(IMAGE.digest)[0]})" in ended.out
    assert "image/differ" in ended.err
    assert "tidegate image rm oci-layout:bundle:1.1.3)" in ended.err  # a copy alone would leave the tag as it is
    tidegate_image(folder, "rm", "oci-layout:bundle:1.1.3", "--yes")
    tidegate_image(folder, "copy", "oci-layout:build:1.1.3", "oci-layout:bundle", "--referrers", "never")
    ended = tidegate_image(folder, "verify", "oci-layout:build:1.1.3", "oci-layout:bundle", expect=1)
    assert "image copy oci-layout:build:1.1.3 oci-layout:bundle:1.1.3 --referrers always" in ended.err
    tidegate_image(folder, "copy", "oci-layout:build:1.1.3", "oci-layout:bundle", "--referrers", "always")
    tidegate_image(folder, "verify", "oci-layout:build:1.1.3", "oci-layout:bundle", "--deep")
    build_image("other").push(layout, "", "other")
    assert (
        "not sha256:"
        in tidegate_image(folder, "verify", "oci-layout:build:1.1.3", "oci-layout:bundle:other", expect=1).out
    )
    assert (
        "no oci-" in tidegate_image(folder, "verify", "oci-layout:build:1.1.3", "oci-layout:bundle:none", expect=1).out
    )


def test_a_signature_that_differs_is_told_with_what_replaces_it(folder: Path) -> None:
    tidegate_image(folder, "copy", "oci-layout:build:1.1.3", "oci-layout:bundle")
    tag = cosign_tags(IMAGE.digest)[0]
    theirs = build_image("theirs", layers=1).push(LayoutFolder(folder / "bundle"), "", tag)
    ended = tidegate_image(folder, "verify", "oci-layout:build:1.1.3", "oci-layout:bundle", expect=1)
    assert f"{tag} is {theirs} there, not {SIGNATURE.digest}" in ended.out
    assert "copied with --replace" in ended.out
    copy = f"copy oci-layout:build:{tag} oci-layout:bundle:{tag} --replace"
    assert f"hint:  if SRC's is the right one: tidegate image {copy}\n" in ended.err
    tidegate_image(folder, *copy.split())
    tidegate_image(folder, "verify", "oci-layout:build:1.1.3", "oci-layout:bundle")


def test_bytes_that_rotted_are_found_by_a_deep_look_only(folder: Path) -> None:
    tidegate_image(folder, "copy", "oci-layout:build:1.1.3", "oci-layout:bundle")
    layer = list(IMAGE.blobs)[-1].digest
    path = folder / "bundle" / "blobs" / "sha256" / layer.hex
    path.write_bytes(b"x" * path.stat().st_size)
    tidegate_image(folder, "verify", "oci-layout:build:1.1.3", "oci-layout:bundle")
    deep = tidegate_image(folder, "verify", "oci-layout:build:1.1.3", "oci-layout:bundle", "--deep", expect=1)
    assert f"the bytes are not {layer}: {path}" in deep.out
    copy = "tidegate image copy oci-layout:build:1.1.3 oci-layout:bundle:1.1.3"
    assert f"hint:  remove what has wrong bytes (rm {path}); then: its tag is right" in deep.err
    assert f"take the tag away (tidegate image rm oci-layout:bundle:1.1.3), then {copy}\n" in deep.err
    alone = tidegate_image(folder, "verify", "oci-layout:bundle:1.1.3", "oci-layout:bundle", "--deep", expect=1)
    assert "hint:  it was compared with itself: " in alone.err
    path.unlink()
    tidegate_image(folder, "rm", "oci-layout:bundle:1.1.3", "--yes")
    tidegate_image(folder, *copy.split()[2:])
    tidegate_image(folder, "verify", "oci-layout:build:1.1.3", "oci-layout:bundle", "--deep")


def test_a_file_that_was_cut_short_is_missing_and_is_mended(folder: Path) -> None:
    tidegate_image(folder, "copy", "oci-layout:build:1.1.3", "oci-layout:bundle")
    layer = list(IMAGE.blobs)[-1]
    with (folder / "bundle" / "blobs" / "sha256" / layer.digest.hex).open("r+b") as file:
        file.truncate(100)
    ended = tidegate_image(folder, "verify", "oci-layout:build:1.1.3", "oci-layout:bundle", expect=1)
    assert f"blob {layer.digest} is missing, or has not its {layer.size} bytes\n" in ended.out
    refused = tidegate_image(folder, "copy", "oci-layout:bundle:1.1.3", "oci-layout:site", expect=1)
    assert "registry/file-damaged" in refused.err
    tidegate_image(folder, "copy", "oci-layout:build:1.1.3", "oci-layout:bundle:again")
    tidegate_image(folder, "verify", "oci-layout:build:1.1.3", "oci-layout:bundle", "--deep")


def test_layers_that_lie_elsewhere_are_looked_for_when_asked(folder: Path) -> None:
    layout, data = LayoutFolder(folder / "windows"), b"a layer of Windows"
    base = json.loads(build_image("base").root.data)
    kind = f"{FOREIGN_LAYER_TYPES[0]}+gzip"
    foreign = {"mediaType": kind, "digest": str(Digest.of(data)), "size": len(data), "urls": ["https://x.example"]}
    build_image("base").push(layout, "", "base")
    windows = Manifest(OCI_MANIFEST, json.dumps({**base, "layers": [*base["layers"], foreign]}).encode())
    layout.put_manifest("", "1", windows)
    (there,) = windows.contents().foreign
    refused = tidegate_image(folder, "copy", "oci-layout:windows:1", "oci-layout:whole", "--foreign", expect=1)
    assert "hint:  a layer that lies elsewhere may be missing here: leave --foreign out. Another one: " in refused.err
    layout.write_blob("", there, iter((data,)))
    copied = tidegate_image(folder, "copy", "oci-layout:windows:1", "oci-layout:bundle")
    assert "1 layer lies elsewhere" in copied.err
    tidegate_image(folder, "verify", "oci-layout:windows:1", "oci-layout:bundle", "--deep")
    missing = tidegate_image(folder, "verify", "oci-layout:windows:1", "oci-layout:bundle", "--foreign", expect=1)
    assert f"blob {there.digest} is missing" in missing.out
    tidegate_image(folder, "copy", "oci-layout:windows:1", "oci-layout:whole", "--foreign")
    tidegate_image(folder, "verify", "oci-layout:windows:1", "oci-layout:whole", "--foreign", "--deep")


def test_an_attached_manifest_that_rotted_is_not_left_behind_in_silence(folder: Path) -> None:
    tidegate_image(folder, "copy", "oci-layout:build:1.1.3", "oci-layout:bundle")
    path = folder / "bundle" / "blobs" / "sha256" / SBOM.digest.hex
    path.write_bytes(path.read_bytes() + b"x")
    assert (
        f"the bytes are not {SBOM.digest}"
        in tidegate_image(folder, "copy", "oci-layout:bundle:1.1.3", "oci-layout:site", expect=1).err
    )
    verified = tidegate_image(folder, "verify", "oci-layout:build:1.1.3", "oci-layout:bundle", expect=1)
    assert f"the bytes are not {SBOM.digest}" in verified.out
    assert "1 part is missing" in verified.err


def test_a_copy_of_one_platform_is_verified_as_that(folder: Path) -> None:
    tidegate_image(folder, "copy", "oci-layout:build:1.1.3", "oci-layout:arm", "--platform", "linux/arm64")
    ended = tidegate_image(folder, "verify", "oci-layout:build:1.1.3", "oci-layout:arm", "--foreign", expect=1)
    child = IMAGE.children[1].digest
    assert f"oci-layout:arm:1.1.3 is {child}, not {IMAGE.digest}: it is only its linux/arm64\n" in ended.out
    verify = "verify oci-layout:build:1.1.3 oci-layout:arm:1.1.3 --foreign --platform linux/arm64"
    assert f"if that is all it should be: tidegate image {verify}; " in ended.err
    assert f"{child}  3 blobs there, 0 attached" in tidegate_image(folder, *verify.split()).out
    tidegate_image(folder, "rm", "oci-layout:arm:1.1.3", "--yes")
    gone = tidegate_image(folder, *verify.split(), expect=1)
    copy = "copy oci-layout:build:1.1.3 oci-layout:arm:1.1.3 --platform linux/arm64 --foreign"
    assert f"copy it: tidegate image {copy}\n" in gone.err


def test_a_part_without_a_platform_is_named_by_its_digest(folder: Path) -> None:
    inner = build_image("inner", layers=1)
    layout = LayoutFolder(folder / "silent")
    inner.push(layout, "", str(inner.digest))
    entry = {"mediaType": OCI_MANIFEST, "digest": str(inner.digest), "size": len(inner.root.data)}
    artifact = {"mediaType": OCI_MANIFEST, "digest": str(SBOM.digest), "size": len(SBOM.root.data)}
    SBOM.push(layout, "", str(SBOM.digest))
    root = Manifest(OCI_INDEX, json.dumps({"schemaVersion": 2, "manifests": [entry, artifact]}).encode())
    layout.put_manifest("", "1", root)
    tidegate_image(folder, "copy", f"oci-layout:silent@{SBOM.digest}", "oci-layout:part:1", "--referrers", "never")
    ended = tidegate_image(folder, "verify", "oci-layout:silent:1", "oci-layout:part:1", expect=1)
    assert "it is only a part of it\n" in ended.out
    verify = f"verify oci-layout:silent:1@{SBOM.digest} oci-layout:part:1"
    assert f"tidegate image {verify}; else bring the whole: tidegate image copy oci-layout:silent:1 " in ended.err
    tidegate_image(folder, *verify.split())
