"""What a copy costs on real registries, and that other tools read what it wrote."""

from __future__ import annotations

import base64
import json
import re
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.docker_registry import PASSWORD, USERNAME, DockerRegistry
from support.fault_proxy import FaultProxy
from tidegate.errors.registry import RegistryUnauthorized, RegistryUnreachable, TagExists
from tidegate.http import Retry
from tidegate.model.digest import Digest
from tidegate.model.image import ImageRef
from tidegate.model.manifest import OCI_MANIFEST, Descriptor, Manifest
from tidegate.model.registry_account import RegistryAccount
from tidegate.registry.copy.copier import Copier, Referrers, Wish
from tidegate.registry.images import RegistryImages
from tidegate.registry.referrers import list_at
from tidegate.registry.tree import Home
from tidegate.testing.images import BuiltImage, build_image, build_index, build_referrer

DEV, PRD = "dev.example.com", "prd.example.com"
LOGIN = {"TIDEGATE_REGISTRY_PRD_USERNAME": USERNAME, "TIDEGATE_REGISTRY_PRD_PASSWORD": PASSWORD}


@dataclass(frozen=True)
class World:
    """dev without, prd with a login; both counted."""

    images: RegistryImages
    dev: FaultProxy
    prd: FaultProxy

    def push(self, image: BuiltImage, repository: str) -> ImageRef:
        digest = image.push(self.images.registry(DEV), repository, "built")
        self.images.digest(ImageRef(PRD, "login", "first"))  # the registry says once that it wants a login
        self.dev.requests.clear()
        self.prd.requests.clear()
        return ImageRef(DEV, repository, None, digest)

    @property
    def cost(self) -> int:
        return len(self.dev.requests) + len(self.prd.requests)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("world")
    with (
        DockerRegistry(folder / "dev") as dev,
        DockerRegistry(folder / "prd", auth=True) as prd,
        FaultProxy(dev.host) as to_dev,
        FaultProxy(prd.host) as to_prd,
    ):
        accounts = {DEV: RegistryAccount("dev", DEV, to_dev.url), PRD: RegistryAccount("prd", PRD, to_prd.url)}
        with RegistryImages(accounts, environment=LOGIN, home=folder) as images:
            yield World(images, to_dev, to_prd)


def _inspect(image: ImageRef, proxy: FaultProxy, *more: str) -> dict[str, object]:
    address = f"docker://{proxy.upstream}/{image.repository}:{image.tag}"
    command = ["skopeo", "inspect", "--tls-verify=false", "--creds", f"{USERNAME}:{PASSWORD}", *more, address]
    answer: dict[str, object] = json.loads(subprocess.run(command, check=True, capture_output=True, timeout=60).stdout)
    return answer


def test_what_a_fresh_image_of_four_blobs_costs_and_skopeo_reads_it(world: World) -> None:
    image = build_image("fresh", layers=3, labels={"org.opencontainers.image.version": "1.1.3"})
    source, target = world.push(image, "fresh"), ImageRef(PRD, "fresh", "1.1.3")
    report = world.images.copy(source, target)
    assert report.blobs_sent == 4
    assert sorted(_kinds(world.prd)) == ["HEAD manifests", *["POST blobs"] * 4, *["PUT blobs"] * 4, "PUT manifests"]
    read = [
        each for each in _kinds(world.dev) if each != "GET referrers"
    ]  # once in a run: whether there is such a list
    assert sorted(read) == [*["GET blobs"] * 4, "GET manifests", "GET tags"]
    assert world.cost - len(world.dev.requests) + len(read) == 16
    seen = _inspect(target, world.prd)
    assert (seen["Digest"], seen["Labels"]) == (str(image.digest), {"org.opencontainers.image.version": "1.1.3"})


def _kinds(proxy: FaultProxy) -> list[str]:
    """The requests that came, e.g. `GET blobs`."""
    words = [request.split(maxsplit=1) for request in proxy.requests]
    return [f"{method} {re.split('/(manifests|blobs|tags|referrers)/', path)[1]}" for method, path in words]


def test_without_a_look_at_what_is_attached_a_fresh_image_of_four_blobs_costs_fifteen_requests(world: World) -> None:
    """One less would mean to write the tag without a look at what stands there: a blob costs three, a manifest two."""
    source = world.push(build_image("bare", layers=3), "bare")
    assert source.digest
    dev, prd = Home(world.images.registry(DEV), DEV, "bare"), Home(world.images.registry(PRD), PRD, "bare")
    Copier(Retry()).copy(dev, source.digest, prd, "1.0.0", wish=Wish(referrers=Referrers.NEVER))
    assert world.cost == 15


def test_an_unchanged_image_costs_one_head_at_each_end_also_with_what_is_attached(world: World) -> None:
    source = world.push(build_index("unchanged"), "unchanged")
    assert source.digest
    dev, prd = Home(world.images.registry(DEV), DEV, "unchanged"), Home(world.images.registry(PRD), PRD, "unchanged")
    sbom = build_referrer(dev.registry.manifest("unchanged", "built").descriptor, "sbom")
    sbom.push(dev.registry, "unchanged", str(sbom.digest))
    list_at(dev, source.digest, [sbom.root])
    assert Copier(Retry()).copy(dev, "built", prd, "1.0.0").referrers == 1
    world.dev.requests.clear()
    world.prd.requests.clear()
    assert Copier(Retry()).copy(dev, "built", prd, "1.0.0").adopted
    assert [*world.dev.requests, *world.prd.requests] == [
        "HEAD /v2/unchanged/manifests/built",
        "HEAD /v2/unchanged/manifests/1.0.0",
    ]


def test_nothing_to_do_costs_one_request(world: World) -> None:
    source, target = world.push(build_index("same"), "same"), ImageRef(PRD, "same", "1.0.0")
    world.images.copy(source, target)
    before = world.cost
    assert world.images.copy(source, target).adopted
    assert world.cost - before == 1


def test_another_tag_costs_three_requests_and_no_blob(world: World) -> None:
    source = world.push(build_index("retag"), "retag")
    world.images.copy(source, ImageRef(DEV, "retag", "1.0.0-rc1"))
    assert [request.split()[0] for request in world.dev.requests] == ["HEAD", "GET", "PUT"]


def test_an_index_is_the_same_on_the_other_side(world: World) -> None:
    image = build_index("index", layer_bytes=1_500_000)
    source, target = world.push(image, "team/index"), ImageRef(PRD, "team/index", "1.0.0")
    world.images.copy(source, target)
    assert _inspect(target, world.prd, "--raw") == json.loads(image.root.data)
    for child in image.children:
        child_ref = ImageRef(PRD, "team/index", None, child.digest)
        assert world.images.digest(child_ref) == child.digest


@pytest.mark.parametrize(
    ("kind", "config", "layer"),
    [
        (OCI_MANIFEST, "application/vnd.oci.image.config.v1+json", "application/vnd.oci.image.layer.v1.tar+zstd"),
        (OCI_MANIFEST, "application/vnd.oci.empty.v1+json", "application/vnd.example.model.v1+gguf"),
        (
            OCI_MANIFEST,
            "application/vnd.cncf.helm.config.v1+json",
            "application/vnd.cncf.helm.chart.content.v1.tar+gzip",
        ),
        (
            "application/vnd.docker.distribution.manifest.v2+json",
            "application/vnd.docker.container.image.v1+json",
            "application/vnd.docker.image.rootfs.diff.tar.gzip",
        ),
    ],
)
def test_any_manifest_stays_as_it_is_to_the_byte(world: World, kind: str, config: str, layer: str) -> None:
    """Odd spaces, keys in no order, twice the same layer, `data`, unknown keys: nothing is put in order."""
    dev, repository = world.images.registry(DEV), f"odd-{Digest.of(f'{kind}{config}'.encode()).hex}"
    blobs = {media_type: f"{media_type} of {kind}".encode() for media_type in (config, layer)}
    if "empty" in config:
        blobs[config] = b"{}"
    parts = {}
    for media_type, data in blobs.items():
        blob = Descriptor(media_type, Digest.of(data), len(data))
        dev.write_blob(repository, blob, iter((data,)))
        inline = base64.b64encode(data).decode()
        parts[media_type] = (
            f'{{"size":{len(data)},  "digest": "{blob.digest}","data":"{inline}",\n"mediaType":"{media_type}"}}'
        )
    text = (
        f'{{ "layers":[{parts[layer]},{parts[layer]}] ,\t"x-unknown": 1.0e2, "schemaVersion":2,\r\n'
        f'"annotations":{{"ü":"\\u00e9\\/"}},"mediaType":"{kind}","config":{parts[config]}}}\n\n'
    )
    manifest = Manifest(kind, text.encode())
    dev.put_manifest(repository, "odd", manifest)
    target = ImageRef(PRD, repository, "1.0.0")
    report = world.images.copy(ImageRef(DEV, repository, None, manifest.digest), target)
    assert report.blobs_sent == 2
    assert world.images.registry(PRD).manifest(repository, "1.0.0") == manifest


def test_blobs_are_mounted_between_repositories_of_one_registry(world: World) -> None:
    source = world.push(build_image("mounted"), "mounted")
    report = world.images.copy(source, ImageRef(DEV, "elsewhere", "1.0.0"))
    assert (report.blobs_sent, report.blobs_present) == (0, 3)
    assert not any("GET" in request and "blobs" in request for request in world.dev.requests)


def test_many_images_at_once(world: World) -> None:
    images = {f"many-{number}": build_image(f"many {number}") for number in range(8)}
    sources = {repository: world.push(image, repository) for repository, image in images.items()}
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda name: world.images.copy(sources[name], ImageRef(PRD, name, "1.0.0")), images))
    for repository, image in images.items():
        assert world.images.digest(ImageRef(PRD, repository, "1.0.0")) == image.digest


def test_two_that_copy_the_same_at_once_and_one_that_disagrees(world: World) -> None:
    image, other = build_image("race"), build_image("other race")
    source, rival = world.push(image, "race"), world.push(other, "race")
    target = ImageRef(PRD, "race", "1.0.0")
    with ThreadPoolExecutor(2) as pool:
        reports = list(pool.map(lambda _: world.images.copy(source, target), range(2)))
    assert [report.digest for report in reports] == [image.digest] * 2
    with pytest.raises(TagExists):
        world.images.copy(rival, target)
    assert world.images.digest(target) == image.digest


def test_no_login_and_a_registry_that_is_down(world: World, tmp_path: Path) -> None:
    gone = DockerRegistry(tmp_path / "gone")
    with gone:
        pass
    accounts = {PRD: RegistryAccount("prd", PRD, world.prd.url), DEV: RegistryAccount("dev", DEV, gone.url)}
    retry = Retry(sleep=lambda _seconds: None)
    with RegistryImages(accounts, environment={}, home=tmp_path, retry=retry) as images:
        with pytest.raises(RegistryUnauthorized) as caught:
            images.digest(ImageRef(PRD, "app", "1"))
        assert "TIDEGATE_REGISTRY_PRD_USERNAME" in (caught.value.hint or "")
        with pytest.raises(RegistryUnreachable, match="refused") as down:
            images.digest(ImageRef(DEV, "app", "1"))
        assert down.value.where == gone.url
