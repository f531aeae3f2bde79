"""Small blobs of an image, while many images are copied: asked for all together, written one after another."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from support.scripted_http import Received, Reply, ScriptedServer
from tidegate.errors.registry import BlobMissing, RegistryUnreachable
from tidegate.http import Client, Origin, Retry, Timeouts
from tidegate.model.digest import Digest
from tidegate.model.manifest import Descriptor
from tidegate.registry.auth.authorization import Authorizer
from tidegate.registry.auth.credentials import Credentials
from tidegate.registry.copy.blobs import BlobMover
from tidegate.registry.copy.copier import Copier
from tidegate.registry.remote.calls import Calls
from tidegate.registry.remote.registry import RemoteRegistry
from tidegate.registry.tree import Home
from tidegate.testing.images import build_image
from tidegate.testing.registry import FakeRegistry

WORKERS = 4
ALONE = Retry(attempts=1)


class _Heard(FakeRegistry):
    """Notes what is asked of it, in order, and lets a test meddle before each call."""

    def __init__(self, before: Callable[[str, str], None] = lambda _call, _digest: None) -> None:
        super().__init__()
        self._before = before
        self.given_up: list[str] = []

    @contextmanager
    def read_blob(self, repository: str, digest: Digest) -> Iterator[Iterator[bytes]]:
        self._before("read_blob", str(digest))
        with super().read_blob(repository, digest) as pieces:
            taken: list[bytes] = []

            def passing() -> Iterator[bytes]:
                for piece in pieces:
                    taken.append(piece)
                    yield piece

            try:
                yield passing()
            finally:
                self.given_up += [] if taken else [str(digest)]

    def mount_blob(self, repository: str, blob: Descriptor, source: str) -> bool:
        self._before("mount_blob", str(blob.digest))
        return super().mount_blob(repository, blob, source)

    def write_blob(self, repository: str, blob: Descriptor, pieces: Iterator[bytes]) -> None:
        self._before("write_blob", str(blob.digest))
        super().write_blob(repository, blob, pieces)


class _World:
    """An image whose small blobs go together, since two other images are under way."""

    def __init__(self, source: FakeRegistry, target: FakeRegistry, retry: Retry = ALONE) -> None:
        self.source = source
        self.target = target
        self.image = build_image("inventory", layers=3)
        self.digest = self.image.push(source, "inventory", "built")
        self._copier = Copier(retry, WORKERS)

    def copy(self) -> None:
        """Copy the image while two others are being read."""
        go = threading.Event()
        others = [_Busy(go), _Busy(go)]
        with ThreadPoolExecutor(len(others)) as pool:
            copies = [pool.submit(self._copy_other, busy, number) for number, busy in enumerate(others)]
            try:
                assert all(busy.begun.wait(10) for busy in others)
                home = Home(self.target, "prd", "inventory")
                self._copier.copy(Home(self.source, "dev", "inventory"), self.digest, home, "1.0.0")
            finally:
                go.set()
            for copy in copies:
                copy.result()

    def _copy_other(self, source: FakeRegistry, number: int) -> None:
        digest = build_image(f"other-{number}", layers=1).push(source, "other", "built")
        self._copier.copy(Home(source, "dev", "other"), digest, Home(self.target, "prd", f"other-{number}"), "1")


class _Busy(FakeRegistry):
    """A source whose blobs come when they may."""

    def __init__(self, go: threading.Event) -> None:
        super().__init__()
        self.begun = threading.Event()
        self._go = go

    @contextmanager
    def read_blob(self, repository: str, digest: Digest) -> Iterator[Iterator[bytes]]:
        self.begun.set()
        assert self._go.wait(10)
        with super().read_blob(repository, digest) as pieces:
            yield pieces


def _order(registry: FakeRegistry, repository: str = "inventory") -> list[str]:
    wanted = {"mount_blob", "read_blob", "write_blob"}
    return [call.split()[0] for call in registry.calls if call.split()[0] in wanted and call.split()[1] == repository]


def test_all_are_asked_for_before_the_first_is_written() -> None:
    order: list[str] = []

    def note(call: str, digest: str) -> None:
        if digest in mine:
            order.append(call)

    mine: set[str] = set()
    world = _World(_Heard(note), _Heard(note))
    mine.update(str(blob.digest) for blob in world.image.root.contents().blobs)
    world.copy()
    assert order == ["mount_blob"] * 4 + ["read_blob"] * 4 + ["write_blob"] * 4


def test_what_the_target_has_is_not_asked_for() -> None:
    world = _World(_Heard(), _Heard())
    there = next(blob for blob in world.image.root.contents().blobs)
    with world.source.read_blob("inventory", there.digest) as pieces:
        world.target.write_blob("inventory", there, pieces)
    world.source.calls.clear()
    world.copy()
    assert f"read_blob inventory {there.digest}" not in world.source.calls
    assert _order(world.source).count("read_blob") == 3
    assert world.target.resolve("inventory", "1.0.0") is not None


def test_one_that_fails_is_tried_again_by_itself() -> None:
    failures = {"mount_blob": 1, "read_blob": 1, "write_blob": 1}

    def fails(call: str, _digest: str) -> None:
        if failures[call] and armed:
            failures[call] -= 1
            raise RegistryUnreachable("it broke")

    armed: list[bool] = []
    world = _World(_Heard(fails), _Heard(fails), Retry(attempts=2, sleep=lambda _seconds: None))
    armed.append(True)
    world.copy()
    assert failures == dict.fromkeys(failures, 0)
    assert world.target.resolve("inventory", "1.0.0") is not None


def test_one_that_is_missing_ends_the_image_and_the_others_are_given_up() -> None:
    source = _Heard()
    world = _World(source, _Heard())
    lost = world.image.root.contents().blobs[-1].digest
    del source._blobs["inventory"][lost]
    with pytest.raises(BlobMissing):
        world.copy()
    assert world.target.resolve("inventory", "1.0.0") is None
    assert len(source.given_up) == 3


def test_the_same_image_in_many_repositories_is_read_once() -> None:
    source, target = FakeRegistry(), FakeRegistry()
    digest = build_image("inventory", layers=3).push(source, "inventory", "built")
    copier = Copier(ALONE, WORKERS)

    def copy(number: int) -> None:
        copier.copy(Home(source, "dev", "inventory"), digest, Home(target, "prd", f"app-{number}"), "1.0.0")

    with ThreadPoolExecutor(12) as pool:
        list(pool.map(copy, range(12)))
    assert _order(source).count("read_blob") == 4


def test_two_images_with_the_same_blobs_do_not_wait_for_each_other() -> None:
    met = threading.Barrier(2, timeout=10)
    asked: list[str] = []

    def meet(call: str, digest: str) -> None:
        if call == "mount_blob":
            asked.append(digest)
            if len(asked) <= 2:
                met.wait()  # each image is at a blob that the other wants next

    source, target = FakeRegistry(), _Heard(meet)
    image = build_image("shared", layers=2)
    image.push(source, "app", "built")
    blobs = image.root.contents().blobs
    mover = BlobMover(ALONE, 9, lambda _size: None, lambda _target, _blob, _moved: None)

    def bring(repository: str, order: Sequence[Descriptor]) -> None:
        mover.bring(Home(source, "dev", "app"), Home(target, "prd", repository), order)

    with ThreadPoolExecutor(2) as pool:
        both = [pool.submit(bring, "a", blobs), pool.submit(bring, "b", blobs[::-1])]
        try:
            for each in both:
                each.result(20)
        except TimeoutError:
            mover.stop()
            raise
    assert _order(source, "app").count("read_blob") == len(blobs)


def test_a_blob_that_was_asked_for_is_authorized_like_any_other() -> None:
    data = b"blob"
    asked: list[str | None] = []
    me = Credentials("me", "s3cret", "the test")

    def script(received: Received) -> Reply:
        asked.append(received.fields.get("Authorization"))
        if asked[-1] is None:
            return Reply(401, fields={"WWW-Authenticate": "Basic"})
        return Reply(body=data)

    with ScriptedServer(script) as server, Client("test/1", timeouts=Timeouts(5, 10)) as client:
        authorizer = Authorizer(Origin.of(server.url), client, lambda: me, hint=lambda: "docker login here")
        registry = RemoteRegistry(Calls(server.url, client, authorizer, ALONE))
        with registry.read_blob("app", Digest.of(data)) as one, registry.read_blob("app", Digest.of(data)) as other:
            assert [b"".join(one), b"".join(other)] == [data, data]
    assert asked.count(None) == 2
    assert asked.count(me.basic) == 2
