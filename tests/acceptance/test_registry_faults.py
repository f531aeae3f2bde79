"""Copies between real registries through a proxy that spoils requests: whole and right, or an error that says where."""

from __future__ import annotations

import contextlib
import itertools
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.docker_registry import CERTIFICATES, DockerRegistry
from support.fault_proxy import FaultProxy
from support.faults import OF_TLS, Fault
from support.scripted_http import ScriptedServer
from support.whole_registry import WholeRegistry
from tidegate.errors import TidegateError
from tidegate.errors.registry import RegistryUnreachable
from tidegate.http import Retry, Timeouts
from tidegate.model.digest import Digest
from tidegate.model.image import ImageRef
from tidegate.model.registry_account import RegistryAccount
from tidegate.ports.registry import Registry
from tidegate.registry.images import RegistryImages
from tidegate.registry.referrers import ReferrerSearch, list_at
from tidegate.registry.tree import Home, read_tree
from tidegate.testing.images import BuiltImage, build_image, build_referrer

DEV, PRD = "dev.example.com", "prd.example.com"
SIDES = ["pull", "push"]
NUMBERS = itertools.count()
ONCE = [fault for fault in Fault if fault is not Fault.DEAD]
FOR_GOOD = [fault for fault in Fault if fault is not Fault.STALL and fault not in OF_TLS]


@dataclass(frozen=True)
class World:
    """Two registries; `source` and `target` go straight to them."""

    folder: Path
    dev: DockerRegistry
    prd: DockerRegistry
    source: Registry
    target: Registry
    digest: Digest
    signed: Digest
    sbom: BuiltImage

    def images(self, side: str, proxy: FaultProxy) -> RegistryImages:
        dev, prd = (proxy.url, self.prd.url) if side == "pull" else (self.dev.url, proxy.url)
        return _images(self.folder, dev, prd)


def _images(folder: Path, dev: str, prd: str, *, silence: float = 0.4) -> RegistryImages:
    authorities = CERTIFICATES / "ca.pem"  # one registry is believed by its account, the other by the environment
    accounts = {
        DEV: RegistryAccount("dev", DEV, dev, ca_file=authorities),
        PRD: RegistryAccount("prd", PRD, prd),
    }
    return RegistryImages(
        accounts,
        environment={"SSL_CERT_FILE": str(authorities)},
        home=folder,
        retry=Retry(attempts=4, sleep=lambda _seconds: None),
        timeouts=Timeouts(connect=2, silence=silence),
    )


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("world")
    with (
        DockerRegistry(folder / "dev") as dev,
        DockerRegistry(folder / "prd") as prd,
        _images(folder, dev.url, prd.url, silence=60) as images,  # a witness is patient
    ):
        source, target = images.registry(DEV), images.registry(PRD)
        digest = build_image("inventory", layers=2, layer_bytes=5000).push(source, "inventory", "1.0.0")
        signed = build_image("signed", layers=1)
        signed.push(source, "inventory", "2.0.0")
        sbom = build_referrer(signed.root.descriptor, "sbom")
        sbom.push(source, "inventory", str(sbom.digest))
        list_at(Home(source, DEV, "inventory"), signed.digest, [sbom.root])
        yield World(folder, dev, prd, source, target, digest, signed.digest, sbom)


@pytest.fixture
def proxy(world: World, request: pytest.FixtureRequest) -> Iterator[FaultProxy]:
    side = request.getfixturevalue("side")
    tls = "fault" in request.fixturenames and request.getfixturevalue("fault") in OF_TLS
    with FaultProxy(world.dev.host if side == "pull" else world.prd.host, tls=tls) as proxy:
        yield proxy


def _copy(world: World, side: str, proxy: FaultProxy, digest: Digest | None = None) -> tuple[str, TidegateError | None]:
    """Copy into a repository of its own; return its name and the error that the copy ended with."""
    repository = f"inventory-{next(NUMBERS)}"
    source = ImageRef(DEV, "inventory", None, digest or world.digest)
    with world.images(side, proxy) as images:
        try:
            assert images.copy(source, ImageRef(PRD, repository, "1.0.0")).digest == source.digest
        except TidegateError as error:
            return repository, error
    return repository, None


def _is_whole(world: World, repository: str) -> bool:
    """Return whether the tag is there; when it is, it is the right image and nothing of it is missing."""
    found = world.target.resolve(repository, "1.0.0")
    if found is None:
        return False
    assert found.digest == world.digest
    home = Home(world.target, PRD, repository)
    for blob in read_tree(home, found.digest).blobs:
        with world.target.read_blob(repository, blob.digest) as pieces:
            assert sum(len(piece) for piece in pieces) == blob.size
    return True


@pytest.mark.parametrize("fault", ONCE, ids=str)
@pytest.mark.parametrize("side", SIDES)
def test_one_fault_at_any_request_does_not_spoil_the_copy(
    world: World, proxy: FaultProxy, side: str, fault: Fault
) -> None:
    for position in itertools.count():
        proxy.use(lambda number, _, position=position: fault if number == position else None)
        repository, error = _copy(world, side, proxy)
        whole = _is_whole(world, repository)
        at = proxy.requests[position] if position < len(proxy.requests) else "never"
        if at.startswith("PUT") and "/manifests/" in at and fault is Fault.TRUNCATED:
            # The registry refuses half a manifest, which can't be told from one that we made wrong.
            assert error is not None
            assert not whole
        else:
            assert error is None, f"{fault} at {at}"
            assert whole
        if at == "never":
            break
    assert position >= (4 if side == "pull" else 8)


@pytest.mark.parametrize("fault", [Fault.ERROR_500, Fault.ANSWER_LOST, Fault.WRONG_BYTES, Fault.RESET_AMID], ids=str)
@pytest.mark.parametrize("side", SIDES)
def test_one_fault_does_not_leave_behind_what_is_attached(
    world: World, proxy: FaultProxy, side: str, fault: Fault
) -> None:
    for position in itertools.count():
        proxy.use(lambda number, _, position=position: fault if number == position else None)
        repository, error = _copy(world, side, proxy, world.signed)
        at = proxy.requests[position] if position < len(proxy.requests) else "never"
        if error is not None:  # a manifest that is no JSON any more is refused for good
            assert fault is Fault.WRONG_BYTES
            assert at.startswith("PUT")
            assert world.target.resolve(repository, "1.0.0") is None
        elif not (fault is Fault.WRONG_BYTES and at.endswith("/tags/list")):  # nothing tells that a list is wrong
            target = Home(world.target, PRD, repository)
            found = ReferrerSearch().find(target, read_tree(target, "1.0.0"))
            assert [each.tree.root for each in found] == [world.sbom.root], f"{fault} at {at}"
        if at == "never":
            break
    assert position >= (8 if side == "pull" else 14)


@pytest.mark.parametrize("fault", FOR_GOOD, ids=str)
@pytest.mark.parametrize("side", SIDES)
def test_a_fault_that_stays_is_reported_with_the_request(
    world: World, proxy: FaultProxy, side: str, fault: Fault
) -> None:
    for position in range(4 if side == "pull" else 8):
        with FaultProxy(proxy.upstream) as own:
            own.use(lambda number, _, position=position: fault if number >= position else None)
            repository, error = _copy(world, side, own)
        whole = _is_whole(world, repository)
        if error is None:  # only the last requests have no body that could be spoilt
            assert whole
            assert fault in {Fault.WRONG_BYTES, Fault.TRUNCATED, Fault.RESET_AMID, Fault.DUPLICATED, Fault.REORDERED}
        else:
            assert own.host in str(error.where)
            assert error.hint


class _Weather:
    """Random faults from a seed; a storm now and then, for every tenth seed from the start to the end.

    In a storm most requests, and handshakes, fail.
    """

    def __init__(self, seed: int, *, tls: bool = False) -> None:
        self.random = random.Random(seed)  # noqa: S311 - a schedule, not a secret
        self.faults = [fault for fault in ONCE if tls or fault not in OF_TLS]
        self.storm = 0 if seed % 10 else 10_000

    def __call__(self, _number: int, _request: str) -> Fault | None:
        if self.random.random() < 0.01:
            self.storm = 12
        self.storm -= 1
        rate = 0.9 if self.storm > 0 else 0.15
        return self.random.choice(self.faults) if self.random.random() < rate else None


def _copy_in_any_weather(world: World, seeds: range, *, tls: bool = False) -> tuple[int, int]:
    """Copy once for each seed, with faults on both sides; return how many were whole and how many ended in an error."""
    whole = 0
    with FaultProxy(world.dev.host, tls=tls) as dev, FaultProxy(world.prd.host, tls=tls) as prd:
        for seed in seeds:
            dev.use(_Weather(seed, tls=tls))
            prd.use(_Weather(-1 - seed, tls=tls))
            repository = f"inventory-{next(NUMBERS)}"
            error: TidegateError | None = None
            with _images(world.folder, dev.url, prd.url) as images:
                try:
                    images.copy(ImageRef(DEV, "inventory", None, world.digest), ImageRef(PRD, repository, "1.0.0"))
                except TidegateError as caught:
                    error = caught
            is_whole = _is_whole(world, repository)
            if error is None:
                assert is_whole, f"seed {seed}"
            else:
                assert {dev.host, prd.host} & set(str(error.where).split("/")), f"seed {seed}: {error}"
            whole += error is None
    return whole, len(seeds) - whole


def test_in_any_weather_a_copy_is_whole_or_an_error(world: World) -> None:
    whole, failed = _copy_in_any_weather(world, range(40))
    assert whole > 20
    assert failed > 0


def test_in_any_weather_a_copy_by_tls_is_whole_or_an_error(world: World) -> None:
    whole, failed = _copy_in_any_weather(world, range(12), tls=True)
    assert whole > 4
    assert failed > 0


def test_in_any_weather_a_registry_that_takes_whole_blobs_has_them_or_no_tag(world: World) -> None:
    registry, ways, whole = WholeRegistry(), set[str](), 0
    with (
        ScriptedServer(registry) as server,
        FaultProxy(server.host) as prd,
        _images(world.folder, world.dev.url, prd.url) as images,
    ):
        for seed in range(20):
            prd.use(_Weather(seed))
            repository = f"inventory-{seed}"
            with contextlib.suppress(TidegateError):
                images.copy(ImageRef(DEV, "inventory", None, world.digest), ImageRef(PRD, repository, "1.0.0"))
            found = registry.held.resolve(repository, "1.0.0")  # it takes no manifest whose blobs it has not
            assert found is None or found.digest == world.digest
            whole += found is not None
        ways.update(request.line.partition("?")[2].partition("=")[0] for request in server.requests)
    assert whole > 10
    assert {"digest", "mount"} <= ways


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize(("seeds", "tls"), [(range(1000, 2500), False), (range(2500, 3000), True)])
def test_in_the_weather_of_years_a_copy_is_whole_or_an_error(world: World, seeds: range, *, tls: bool) -> None:
    whole, _ = _copy_in_any_weather(world, seeds, tls=tls)
    assert whole > len(seeds) / 2


@pytest.mark.parametrize("side", ["push"])
def test_a_registry_that_is_silent_for_good_is_reported(world: World, proxy: FaultProxy, side: str) -> None:
    proxy.use(lambda number, _: Fault.STALL if number >= 3 else None)
    repository, error = _copy(world, side, proxy)
    assert isinstance(error, RegistryUnreachable)
    assert "no answer in time" in error.what
    assert not _is_whole(world, repository)


@pytest.mark.parametrize("side", ["push"])
def test_what_a_broken_copy_left_is_finished_by_the_next(world: World, proxy: FaultProxy, side: str) -> None:
    source = ImageRef(DEV, "inventory", None, world.digest)
    target = ImageRef(PRD, f"inventory-{next(NUMBERS)}", "1.0.0")
    proxy.use(lambda _, request: Fault.ERROR_500 if request.startswith("PUT") and "manifests" in request else None)
    with world.images(side, proxy) as images, contextlib.suppress(TidegateError):
        images.copy(source, target)
    assert not _is_whole(world, target.repository)
    proxy.use(lambda _number, _request: None)
    with world.images(side, proxy) as images:
        report = images.copy(source, target)
    assert (report.blobs_sent, report.blobs_present) == (1, 2), "a run's first small blob is sent without a question"
    assert _is_whole(world, target.repository)
