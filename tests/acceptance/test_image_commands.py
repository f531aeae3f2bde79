"""`tidegate image` in a person's hands: registries, folders, lists, accounts."""

from __future__ import annotations

import io
import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from support.cli import tidegate
from support.configs import SMALL
from support.docker_registry import CERTIFICATES, DockerRegistry
from support.fault_proxy import FaultProxy
from support.faults import Fault
from support.image_folder import IMAGE, SBOM, SIGNATURE, fill, tidegate_image
from support.road_world import release_image, world_with_release
from support.until import PATIENCE
from tidegate.model.digest import Digest
from tidegate.model.referrers import cosign_tags
from tidegate.registry.layout.registry import LayoutFolder
from tidegate.testing.images import BuiltImage, build_image


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder whose layout `build` has an image with an SBOM and a signature."""
    fill(tmp_path / "build")
    return tmp_path


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DockerRegistry]:
    with DockerRegistry(tmp_path_factory.mktemp("registry")) as process:
        yield process


def test_a_release_is_carried_by_a_folder_and_verified_at_the_site(folder: Path, registry: DockerRegistry) -> None:
    site = f"{registry.host}/carried:1.1.3"
    copied = tidegate_image(folder, "copy", "oci-layout:build:1.1.3", "oci-layout:bundle")
    assert copied.out == f"oci-layout:bundle:1.1.3  {IMAGE.digest}\n"
    assert "2 attached" in copied.err
    tidegate_image(folder, "copy", "oci-layout:bundle:1.1.3", site)
    verified = tidegate_image(folder, "verify", "oci-layout:bundle:1.1.3", site, "--deep", "-o", "json")
    found = json.loads(verified.out)
    assert (found["target"]["digest"], found["referrers"], found["faults"]) == (str(IMAGE.digest), 2, [])
    back = tidegate_image(folder, "copy", site, "oci-layout:back:again")
    assert "2 attached" in back.err
    tidegate_image(folder, "verify", "oci-layout:build:1.1.3", "oci-layout:back:again", "--deep")


def test_a_registry_with_a_certificate_of_ones_own_authority(
    folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    build_image("large", layers=2, layer_bytes=3_000_000).push(LayoutFolder(folder / "build"), "", "large")
    there = "prd:large:1"
    with DockerRegistry(tmp_path_factory.mktemp("tls"), tls=True) as safe:
        text = SMALL.replace("prd: {host: prd.example", f"prd: {{host: prd.example, endpoint: '{safe.url}'")
        (folder / "tidegate.yaml").write_text(text)
        refused = tidegate_image(folder, "copy", "oci-layout:build:large", there, expect=1)
        assert "http/not-trusted" in refused.err
        assert "SSL_CERT_FILE" in refused.err
        trusted = {"HOME": str(folder), "SSL_CERT_FILE": str(CERTIFICATES / "ca.pem")}
        for pair in (("oci-layout:build:large", there), (there, "oci-layout:back:large")):
            ended = tidegate("-C", folder, "image", "copy", *pair, environ=trusted)
            assert ended.code == 0, ended.err
    tidegate_image(folder, "verify", "oci-layout:build:large", "oci-layout:back:large", "--deep")


def test_many_are_copied_from_a_list_and_one_that_fails_does_not_keep_the_others(folder: Path) -> None:
    lines = ["# a release", "", *(f"oci-layout:build:1.1.3 oci-layout:bundle:{number}" for number in range(5))]
    (folder / "list").write_text("\n".join([*lines, "oci-layout:build:none oci-layout:bundle:none"]))
    ended = tidegate_image(folder, "copy", "--from", "list", "-o", "json", expect=1)
    copies = json.loads(ended.out.splitlines()[-1])["copies"]
    assert [each["digest"] for each in copies if not each["error"]] == [str(IMAGE.digest)] * 5
    assert [each["error"]["code"] for each in copies if each["error"]] == ["registry/manifest-missing"]
    assert "image/copies-failed" in ended.err
    assert len([line for line in ended.err.splitlines() if line.startswith(("done", "failed"))]) == 6


def test_a_list_comes_from_stdin(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = b"oci-layout:build:1.1.3 oci-layout:bundle:a\n"
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(lines)))
    assert tidegate_image(folder, "copy", "--from", "-", "-o", "name").out == "oci-layout:bundle:a\n"
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(lines + b"one-word\n")))
    ended = tidegate_image(folder, "copy", "--from", "-", expect=2)
    assert "image/pair-invalid" in ended.err
    assert "stdin:2" in ended.err


def test_where_nothing_is_to_be_done_it_is_said(folder: Path) -> None:
    (folder / "list").write_text("# none yet\n")
    assert "nothing to copy: list names no image" in tidegate_image(folder, "copy", "--from", "list").err
    assert "no image layout: is the path right?" in tidegate_image(folder, "ls", "oci-layout:bulid", expect=1).err
    build_image("edge").push(LayoutFolder(folder / "other"), "", "edge")
    assert "no version among 1 tag\n" in tidegate_image(folder, "ls", "oci-layout:other", "--semver").err


def test_one_platform_is_copied_and_said_aloud(folder: Path) -> None:
    ended = tidegate_image(folder, "copy", "oci-layout:build:1.1.3", "oci-layout:arm", "--platform", "linux/arm64")
    assert str(IMAGE.children[1].digest) in ended.out
    assert "its digest is not the one of the whole image, and what is attached to the whole stays behind" in ended.err
    told = tidegate_image(
        folder, "copy", "oci-layout:build:1.1.3", "oci-layout:arm", "--platform", "linux/arm64", "-o", "json"
    )
    started, _, narrowed, *_ = (json.loads(line) for line in told.out.splitlines())
    assert (started["platform"], narrowed["whole"]) == ("linux/arm64", str(IMAGE.digest))
    again = tidegate_image(folder, "copy", "oci-layout:arm:1.1.3", "oci-layout:one", "--platform", "linux/arm64")
    assert "only" not in again.err  # it is all that there is, and keeps its digest
    (folder / "list").write_text("oci-layout:build:1.1.3 oci-layout:x\noci-layout:arm:1.1.3 oci-layout:y\n")
    wrong = tidegate_image(folder, "copy", "--from", "list", "--platform", "linux/mips", expect=1)
    assert "only" not in wrong.err
    assert "there is no linux/mips among linux/amd64, linux/arm64 " in wrong.err
    assert "there is no linux/mips among linux/arm64 " in wrong.err
    assert (
        str(IMAGE.children[0].digest)
        in tidegate_image(folder, "digest", "oci-layout:build:1.1.3", "--platform", "linux/amd64").out
    )


def test_a_tag_that_holds_something_else_is_not_overwritten_unless_asked(folder: Path) -> None:
    other = build_image("other").push(LayoutFolder(folder / "build"), "", "other")
    for command in (
        ["copy", "oci-layout:build:other", "oci-layout:build:1.1.3"],
        ["tag", "oci-layout:build:other", "new", "1.1.3"],
    ):
        assert "registry/tag-exists" in tidegate_image(folder, *command, expect=1).err
        assert tidegate_image(folder, "digest", "oci-layout:build:1.1.3").out == f"{IMAGE.digest}\n"
    assert "registry/manifest-missing" in tidegate_image(folder, "digest", "oci-layout:build:new", expect=1).err
    tidegate_image(folder, "tag", "oci-layout:build:other", "new", "1.1.3", "--replace")
    assert tidegate_image(folder, "digest", "oci-layout:build:1.1.3").out == f"{other}\n"


def test_a_retag_costs_a_look_a_read_and_a_write(folder: Path, registry: DockerRegistry) -> None:
    with FaultProxy(registry.host) as proxy:
        image = f"{proxy.host}/retagged"
        tidegate_image(folder, "copy", "oci-layout:build:1.1.3", f"{image}:1.1.3")
        proxy.requests.clear()
        tidegate_image(folder, "tag", f"{image}:1.1.3", "1.1.3-rc1", "1.1.3-rc2")
        assert sorted(each.split()[0] for each in proxy.requests) == ["GET", "HEAD", "HEAD", "PUT", "PUT"]
        proxy.requests.clear()
        assert "(was there)" in tidegate_image(folder, "tag", f"{image}:1.1.3", "1.1.3-rc1").out
        assert [each.split()[0] for each in proxy.requests] == ["GET", "HEAD"]
        proxy.requests.clear()
        tidegate_image(folder, "copy", f"{image}:1.1.3", f"{image}:1.1.3-rc1")
        assert [each.split()[0] for each in proxy.requests] == ["HEAD", "HEAD"]


def test_only_the_tag_is_removed_where_a_registry_deletes_manifests_only(
    folder: Path, registry: DockerRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = f"{registry.host}/removed"
    tidegate_image(folder, "copy", "oci-layout:build:1.1.3", f"{image}:1.1.3")
    tidegate_image(folder, "tag", f"{image}:1.1.3", "old")
    for answer in ("n\n", ""):
        monkeypatch.setattr(sys, "stdin", io.StringIO(answer))
        asked = tidegate_image(folder, "rm", f"{image}:old", expect=1)
        assert "remove" in asked.err
        assert "image/not-confirmed" in asked.err
    assert str(IMAGE.digest) in tidegate_image(folder, "digest", f"{image}:old").out
    tidegate_image(folder, "rm", f"{image}:old", "--yes")
    assert "registry/manifest-missing" in tidegate_image(folder, "digest", f"{image}:old", expect=1).err
    tidegate_image(folder, "verify", "oci-layout:build:1.1.3", f"{image}:1.1.3")
    refused = tidegate_image(folder, "rm", f"{image}@{IMAGE.digest}", "--yes", expect=2)
    assert "image/place-invalid" in refused.err


def test_a_removal_that_fails_half_way_leaves_the_tag(folder: Path, registry: DockerRegistry) -> None:
    with FaultProxy(registry.host) as proxy:
        image = f"{proxy.host}/half-removed:1.1.3"
        tidegate_image(folder, "copy", "oci-layout:build:1.1.3", image)
        proxy.use(
            lambda _number, request: Fault.ERROR_500 if request.startswith("DELETE") and "sha256" in request else None
        )
        assert "registry/failed" in tidegate_image(folder, "rm", image, "--yes", expect=1).err
        proxy.use(lambda _number, _request: None)
        tidegate_image(folder, "verify", "oci-layout:build:1.1.3", image)


def test_what_an_environment_runs_is_not_removed(tmp_path: Path) -> None:
    world = world_with_release(tmp_path / "world", until="e2e")
    refused = world.tidegate("image", "rm", "e2e:inventory:1.1.3-rc1", "--yes", expect=1)
    assert "image/in-use" in refused.err
    assert "e2e runs inventory" in refused.err
    world.tidegate("image", "tag", "e2e:inventory:1.1.3-rc1", "same-image")
    assert "image/in-use" in world.tidegate("image", "rm", "e2e:inventory:same-image", "--yes", expect=1).err
    folder = f"oci-layout:{world.folder / 'registries' / 'e2e' / 'inventory'}"  # the same place by another name
    assert "image/in-use" in world.tidegate("image", "rm", f"{folder}:1.1.3-rc1", "--yes", expect=1).err
    signature = cosign_tags(release_image().digest)[0]
    world.push_image("e2e", signature, SIGNATURE)
    assert "image/in-use" in world.tidegate("image", "rm", f"e2e:inventory:{signature}", "--yes", expect=1).err
    of_platform, of_signature = (
        cosign_tags(each)[0] for each in (release_image().children[0].digest, SIGNATURE.digest)
    )
    for tag in (of_platform, of_signature):
        world.push_image("e2e", tag, build_image(tag))
        assert "image/in-use" in world.tidegate("image", "rm", f"e2e:inventory:{tag}", "--yes", expect=1).err
    of_other = cosign_tags(Digest.of(b"other"))[0]
    world.push_image("e2e", of_other, build_image("of another"))
    world.tidegate("image", "rm", f"e2e:inventory:{of_other}", "--yes")
    world.push_image("e2e", "1.0.0-rc1", build_image("old"))
    world.tidegate("image", "rm", "e2e:inventory:1.0.0-rc1", "--yes")
    assert "1.0.0-rc1" not in world.tidegate("image", "ls", "e2e:inventory").out
    assert world.tidegate("image", "digest", "e2e:inventory:1.1.3-rc1").out == f"{release_image().digest}\n"


def test_tags_are_listed_in_the_order_of_versions(folder: Path) -> None:
    for tag in ("1.10.0", "1.2.0", "latest", "1.2.0-rc.1"):
        tidegate_image(folder, "tag", "oci-layout:build:1.1.3", tag)
    listed = tidegate_image(folder, "ls", "oci-layout:build", "--semver", "-o", "name").out.split()
    assert listed == ["1.1.3", "1.2.0-rc.1", "1.2.0", "1.10.0"]
    assert "latest" in tidegate_image(folder, "ls", "oci-layout:build").out


def test_a_tree_for_people_and_for_programs(folder: Path) -> None:
    text = tidegate_image(folder, "inspect", "oci-layout:build:1.1.3").out
    assert f"index {IMAGE.digest}" in text
    assert "label org.opencontainers.image.version=1.1.3" in text
    assert f"manifest {SBOM.digest}  573 B in all  attached  application/spdx+json" in text
    tree = json.loads(tidegate_image(folder, "inspect", "oci-layout:build:1.1.3", "-o", "json").out)["tree"]
    assert [each["platform"] for each in tree["manifests"]] == ["linux/amd64", "linux/arm64"]
    assert {each["digest"] for each in tree["referrers"]} == {str(SBOM.digest), str(SIGNATURE.digest)}
    parts = {blob.digest: blob.size for image in (IMAGE, SBOM, SIGNATURE) for blob in image.blobs}
    manifests = (IMAGE.root, *IMAGE.children, SBOM.root, SIGNATURE.root)
    assert tree["totalSize"] == sum(parts.values()) + sum(len(each.data) for each in manifests)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["copy", "oci-layout:build:1.1.3"], "tidegate/usage"),
        (["copy", "a", "b", "--from", "list"], "tidegate/usage"),
        (["copy", "--from", "nothing"], "image/pair-invalid"),
        (["copy", "oci-layout:", "oci-layout:x"], "image/place-invalid"),
        (["copy", f"oci-layout:build@{IMAGE.digest}", "oci-layout:x"], "image/place-invalid"),
        (["copy", "oci-layout:build:1.1.3", "oci-layout:x@sha256:12"], "image/place-invalid"),
        (["copy", "oci-layout:build:1.1.3", f"oci-layout:x:1@{Digest.of(b'')}"], "image/place-invalid"),
        (["tag", "oci-layout:build:1.1.3", "not a tag"], "image/place-invalid"),
        (["digest", "registry.example.com/UPPER:1"], "model/image-reference"),
    ],
)
def test_what_is_no_image_is_told(folder: Path, arguments: list[str], code: str) -> None:
    assert code in tidegate_image(folder, *arguments, expect=2).err


def test_a_digest_names_the_image_whatever_the_tag_is(folder: Path) -> None:
    tidegate_image(folder, "copy", f"oci-layout:build@{IMAGE.digest}", "oci-layout:bundle:by-digest")
    assert _digest_of(folder, "bundle:by-digest") == IMAGE


def test_an_image_for_ten_repositories_is_read_once(folder: Path, registry: DockerRegistry) -> None:
    with FaultProxy(registry.host) as dev, FaultProxy(registry.host) as prd:
        tidegate_image(folder, "copy", "oci-layout:build:1.1.3", f"{dev.host}/once:1.1.3")
        lines = "".join(f"{dev.host}/once:1.1.3 {prd.host}/once-{number}\n" for number in range(10))
        (folder / "list").write_text(lines)
        dev.use(lambda _number, _request: None)
        tidegate_image(folder, "copy", "--from", "list")
        manifests = [request for request in dev.requests if "/manifests/" in request]
        assert (
            len(manifests) == len(set(manifests)) == 1 + 2 + 3
        )  # and what is attached: the list, an SBOM, a signature
        blobs = [request for request in dev.requests if "/blobs/" in request]
        assert len(blobs) == len(set(blobs)) > 0
        for each in (dev, prd):
            each.use(lambda _number, _request: None)
        tidegate_image(folder, "copy", "--from", "list")
        assert (len(dev.requests), len(prd.requests)) == (1, 10)


def _digest_of(folder: Path, name: str) -> BuiltImage:
    assert tidegate_image(folder, "digest", f"oci-layout:{name}").out == f"{IMAGE.digest}\n"
    return IMAGE


@pytest.mark.parametrize(("sign", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupt_ends_within_a_second_and_says_what_is_done(
    folder: Path, registry: DockerRegistry, sign: signal.Signals, code: int
) -> None:
    """One image is there; the registry is silent about the other. A machine with much else to do gets some tries."""
    with FaultProxy(registry.host) as proxy:
        proxy.use(lambda _, request: Fault.STALL if "never" in request else None)
        assert any(_interrupted(folder, proxy, f"{code}-{number}", sign, code) < 1 for number in range(5))


def _interrupted(folder: Path, proxy: FaultProxy, name: str, sign: signal.Signals, code: int) -> float:
    """Return after how many seconds a copy ends that is interrupted while it waits for the second of two images."""
    there, never = (f"{proxy.host}/interrupted-{name}-{each}:1" for each in ("there", "never"))
    (folder / "list").write_text(f"oci-layout:build:1.1.3 {there}\noci-layout:build:1.1.3 {never}")
    process = subprocess.Popen(
        [sys.executable, "-m", "tidegate", "-C", str(folder), "image", "copy", "--from", "list"],
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr
    assert process.stderr.readline().startswith("done")
    began = time.monotonic()
    process.send_signal(sign)
    _, told = process.communicate(timeout=PATIENCE)
    took = time.monotonic() - began
    assert process.returncode == code
    assert (
        f"unknown {never}: a registry has not answered yet; it may be there\n1 of 2 images is there, 1 may be;" in told
    )
    assert told.splitlines().count("interrupted") == 1
    return took
