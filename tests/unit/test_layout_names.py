"""Image layouts as other tools write them: no name, a long name, one name for two images, what is attached unnamed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from tidegate.errors.registry import BlobMissing, LayoutInvalid, ManifestMissing
from tidegate.http import Retry
from tidegate.model.digest import Digest
from tidegate.model.manifest import Descriptor
from tidegate.model.referrers import fallback_tag
from tidegate.registry.copy.copier import Copier
from tidegate.registry.layout.registry import LayoutFolder
from tidegate.registry.referrers import ReferrerSearch
from tidegate.registry.tree import Home, read_tree
from tidegate.testing.images import BuiltImage, build_image, build_index, build_referrer

REF_NAME = "org.opencontainers.image.ref.name"
CONTAINERD_NAME = "io.containerd.image.name"
ONE, OTHER, INDEX = build_image("one"), build_image("other"), build_index("index")
SBOM = build_referrer(ONE.root.descriptor, "sbom", annotations={"made.by": "oras"})
SIGNATURE = build_referrer(SBOM.root.descriptor, "signature")
Named = tuple[BuiltImage, Mapping[str, str]]


def _entry(manifest: Descriptor, annotations: Mapping[str, str]) -> Mapping[str, object]:
    found = {"mediaType": manifest.media_type, "digest": str(manifest.digest), "size": manifest.size}
    return {**found, **({"annotations": annotations} if annotations else {})}


def _layout(path: Path, named: Sequence[Named]) -> LayoutFolder:
    """Return a layout whose index has these entries, in order."""
    layout = LayoutFolder(path)
    for image, _ in named:
        image.push(layout, "", str(image.digest))
    entries = [_entry(image.root.descriptor, annotations) for image, annotations in named]
    (path / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": entries}))
    return layout


def _at(layout: LayoutFolder, reference: str) -> Digest | None:
    found = layout.resolve("", reference)
    return found.digest if found else None


def test_an_image_without_a_name_is_the_one_that_is_meant(tmp_path: Path) -> None:
    """`skopeo copy docker://… oci:FOLDER` writes it so."""
    layout = _layout(tmp_path / "a", [(INDEX, {})])
    assert _at(layout, "") == INDEX.digest
    assert layout.manifest("", "") == INDEX.root
    assert _at(layout, "latest") is None
    assert list(layout.tags("")) == []


@pytest.mark.parametrize(
    "named",
    [
        [(ONE, {REF_NAME: "1.0"}), (ONE, {REF_NAME: "1.0.0"})],
        [(ONE, {REF_NAME: "latest"}), (OTHER, {REF_NAME: "1.0"})],
        [(ONE, {REF_NAME: "1.0"}), (SBOM, {})],
        [(ONE, {}), (SBOM, {}), (SIGNATURE, {})],
        [(ONE, {REF_NAME: "1.0"}), (OTHER, {REF_NAME: fallback_tag(ONE.digest)})],
        [(ONE, {REF_NAME: "1.0"}), (OTHER, {REF_NAME: f"{fallback_tag(ONE.digest)}.sig"})],
    ],
    ids=[
        "two tags of one",
        "latest",
        "what is attached to a name",
        "what is attached",
        "a list of referrers",
        "a cosign tag",
    ],
)
def test_the_only_image_needs_no_tag(tmp_path: Path, named: Sequence[Named]) -> None:
    assert _at(_layout(tmp_path / "a", named), "") == ONE.digest


def test_the_platforms_of_an_index_are_no_images_of_their_own(tmp_path: Path) -> None:
    """oras lists each manifest, those of an index, too."""
    layout = _layout(tmp_path / "a", [(INDEX, {})])
    children = [_entry(child.descriptor, {}) for child in INDEX.children]
    for name in ({}, {REF_NAME: "1.0"}):
        entries = [*children, _entry(INDEX.root.descriptor, name)]
        (tmp_path / "a" / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": entries}))
        assert _at(layout, "") == INDEX.digest


def test_of_several_images_one_must_be_named(tmp_path: Path) -> None:
    layout = _layout(tmp_path / "a", [(ONE, {REF_NAME: "1.0"}), (OTHER, {REF_NAME: "2.0"})])
    with pytest.raises(LayoutInvalid, match="2 images") as caught:
        layout.resolve("", "")
    assert caught.value.hint == "name one: 1.0, 2.0"
    layout = _layout(tmp_path / "b", [(ONE, {REF_NAME: "1.0"}), (OTHER, {})])
    with pytest.raises(LayoutInvalid) as caught:
        layout.resolve("", "")
    assert caught.value.hint == f"name one: 1.0, @{OTHER.digest}"


def test_a_long_name_is_known_by_its_tag_and_the_very_tag_goes_first(tmp_path: Path) -> None:
    """skopeo, kaniko and nerdctl keep the whole reference."""
    long = {REF_NAME: "docker.io/library/app:1.0"}
    layout = _layout(tmp_path / "a", [(ONE, long)])
    assert (_at(layout, "1.0"), list(layout.tags(""))) == (ONE.digest, ["1.0"])
    OTHER.push(layout, "", "1.0")
    assert _at(layout, "1.0") == OTHER.digest
    layout.delete("", "1.0")
    assert _at(layout, "1.0") == ONE.digest
    layout.delete("", "1.0")
    assert _at(layout, "1.0") is None
    layout = _layout(tmp_path / "b", [(ONE, {CONTAINERD_NAME: "docker.io/library/app:2.0"})])
    assert _at(layout, "2.0") == ONE.digest
    assert _at(_layout(tmp_path / "c", [(ONE, {REF_NAME: "docker.io/library/app"})]), "latest") is None


def test_a_name_of_two_images_is_refused_and_says_how_to_tell_them_apart(tmp_path: Path) -> None:
    """`docker save app:1.0 db:1.0` writes both as 1.0."""
    app = {REF_NAME: "1.0", CONTAINERD_NAME: "docker.io/library/app:1.0"}
    db = {REF_NAME: "1.0", CONTAINERD_NAME: "docker.io/library/db:1.0"}
    layout = _layout(tmp_path / "a", [(ONE, app), (OTHER, db)])
    with pytest.raises(LayoutInvalid, match=r"2 images are named 1\.0") as caught:
        layout.resolve("", "1.0")
    assert f"docker.io/library/db:1.0 {OTHER.digest}" in (caught.value.hint or "")
    assert _at(layout, str(OTHER.digest)) == OTHER.digest


def test_what_oras_attached_moves_and_stays_listed(tmp_path: Path) -> None:
    source = Home(_layout(tmp_path / "a", [(ONE, {REF_NAME: "1.0"}), (SBOM, {}), (SIGNATURE, {})]), "a", "")
    target = Home(_layout(tmp_path / "b", [(ONE, {}), (build_referrer(ONE.root.descriptor, "theirs"), {})]), "b", "")
    found = ReferrerSearch().find(source, read_tree(source, "1.0"))
    assert [each.tree.root for each in found] == [SBOM.root, SIGNATURE.root]
    assert Copier(Retry()).copy(source, "1.0", target, "1.0").referrers == 2
    after = [each.tree.root for each in ReferrerSearch().find(target, read_tree(target, "1.0"))]
    assert after[-1] == SIGNATURE.root
    assert set(after) >= {SBOM.root, SIGNATURE.root}
    assert len(after) == 3


def test_a_null_list_is_an_empty_one(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    layout = _layout(tmp_path / "a", [])
    (tmp_path / "a" / "index.json").write_text('{"schemaVersion":2,"manifests":null}')
    assert _at(layout, "") is None


def test_what_is_missing_is_told_with_what_is_there(tmp_path: Path) -> None:
    layout = _layout(tmp_path / "a", [(ONE, {REF_NAME: "1.0"}), (OTHER, {})])
    with pytest.raises(ManifestMissing, match=r"there is no 9\.9") as caught:
        layout.manifest("", "9.9")
    assert caught.value.hint == f"it holds 1.0, @{OTHER.digest}"
    with pytest.raises(ManifestMissing) as caught:
        LayoutFolder(tmp_path / "nowhere").manifest("", "1.0")
    assert caught.value.hint == "this is no image layout: is the path right?"
    blobs = tmp_path / "a" / "blobs" / "sha256"
    layer = list(ONE.blobs)[-1].digest
    (blobs / layer.hex).unlink()
    with pytest.raises(BlobMissing) as missing, layout.read_blob("", layer):
        pass
    assert "folder whole" in (missing.value.hint or "")
    shutil.rmtree(blobs)
    with pytest.raises(ManifestMissing, match="by the index") as caught:
        layout.manifest("", "1.0")
    assert "folder whole" in (caught.value.hint or "")
