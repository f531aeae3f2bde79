"""How many tokens a run asks for, and for what: one to write, one to read, never more than is needed to read."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from support.cli import tidegate
from support.guarded_registry import GuardedRegistry
from support.remote_registry import ME
from support.scripted_http import Received, Reply, ScriptedServer
from support.whole_registry import WholeRegistry
from tidegate.errors.registry import RegistryDenied, RegistryUnauthorized
from tidegate.http import Client, Origin, Retry, Timeouts
from tidegate.model.digest import Digest
from tidegate.model.manifest import Descriptor
from tidegate.registry.auth.authorization import Authorizer
from tidegate.registry.auth.credentials import Credentials
from tidegate.registry.copy.copier import Copier, Referrers, Wish
from tidegate.registry.places import ImagePlace
from tidegate.registry.remote.calls import Calls
from tidegate.registry.remote.registry import RemoteRegistry
from tidegate.registry.retag import retag
from tidegate.registry.tree import Home
from tidegate.testing.images import build_image
from tidegate.testing.registry import FakeRegistry

ONCE = Retry(attempts=1)
PLAIN = Wish(referrers=Referrers.NEVER)
IMAGE = build_image("inventory", layers=2)


def _reader(repository: str) -> frozenset[str]:
    del repository
    return frozenset({"pull"})


class _Mounting(WholeRegistry):
    """Mounts, too."""

    def __call__(self, request: Received) -> Reply:
        head, _, query = request.path.partition("/blobs/uploads/?mount=")
        digest, _, source = query.partition("&from=")
        if query and self.held.mount_blob(head.removeprefix("/v2/"), Descriptor("", Digest.parse(digest), 0), source):
            return Reply(201)
        return super().__call__(request)


class _Stand:
    """A guarded registry, the adapter before it, and what was asked of both."""

    def __init__(self, registry: RemoteRegistry, server: ScriptedServer, guard: GuardedRegistry) -> None:
        self.registry = registry
        self.guard = guard
        self._server = server

    @property
    def asked(self) -> list[str]:
        """The scopes of the tokens that were asked for, without the repository's type."""
        return [each.replace("repository:", "") for each in self.guard.asked]

    @property
    def lines(self) -> list[str]:
        """The requests that were none for a token."""
        return [line for line in self._server.lines if "/token" not in line]

    def home(self, repository: str) -> Home:
        """Return the repository."""
        return Home(self.registry, "prd", repository)

    def copy(self, repository: str, source: Home | None = None, tag: str = "1.0.0") -> bool:
        """Copy IMAGE there; return whether it was there already."""
        source = source or _source()
        return Copier(ONCE).copy(source, IMAGE.digest, self.home(repository), tag, wish=PLAIN).adopted


@contextmanager
def _stand(
    guard: GuardedRegistry,
    find: Callable[[], Credentials | None] = lambda: ME,
    clock: Callable[[], float] = lambda: 0.0,
) -> Iterator[_Stand]:
    with ScriptedServer(guard) as server, Client("test/1", timeouts=Timeouts(5, 10)) as client:
        guard.url = server.url
        authorizer = Authorizer(Origin.of(server.url), client, find, hint=lambda: "docker login", monotonic=clock)
        yield _Stand(RemoteRegistry(Calls(server.url, client, authorizer, ONCE)), server, guard)


def _source() -> Home:
    registry = FakeRegistry()
    IMAGE.push(registry, "app", "built")
    return Home(registry, "dev", "app")


def _holding(*repositories: str) -> WholeRegistry:
    registry = _Mounting()
    for repository in repositories:
        IMAGE.push(registry.held, repository, "1.0.0")
    return registry


def test_each_target_costs_one_token() -> None:
    names = [f"app{number}" for number in range(6)]
    with _stand(GuardedRegistry(_holding())) as prd, ThreadPoolExecutor(3) as threads:
        assert not any(threads.map(prd.copy, names))
        assert sorted(prd.asked) == sorted(f"{name}:pull,push" for name in names)


def test_between_two_registries_each_repository_costs_one_token() -> None:
    with ExitStack() as stack:
        dev = stack.enter_context(_stand(GuardedRegistry(_holding("one", "two"))))
        prd = stack.enter_context(_stand(GuardedRegistry(_holding())))
        for name in ("one", "two"):
            prd.copy(name, dev.home(name))
        assert dev.asked == ["one:pull", "two:pull"]
        assert prd.asked == ["one:pull,push", "two:pull,push"]


def test_what_is_there_costs_one_token_to_whoever_may_write() -> None:
    with _stand(GuardedRegistry(_holding("app"))) as prd:
        assert prd.copy("app")
        assert prd.asked == ["app:pull,push"]


def test_a_token_to_read_that_is_held_does_for_what_is_there() -> None:
    """Whoever delivers looks at all targets first, as whoever only looks does."""
    with _stand(GuardedRegistry(_holding("app"))) as prd:
        assert prd.registry.resolve("app", "1.0.0") is not None
        assert prd.copy("app")
        assert prd.asked == ["app:pull"]
        assert not prd.copy("app", tag="1.0.1")
        assert prd.asked == ["app:pull", "app:pull,push"]


def test_in_a_long_copy_the_token_for_both_is_renewed() -> None:
    now = [0.0]
    with _stand(GuardedRegistry(_holding("app")), clock=lambda: now[0]) as prd:
        prd.copy("app", tag="1.0.1")
        now[0] = 299
        prd.copy("app", tag="1.0.2")
        assert prd.asked == ["app:pull,push"] * 2


def test_whoever_only_reads_after_a_copy_asks_for_no_more_than_that() -> None:
    """A server delivers once, and looks all day."""
    now = [0.0]
    with _stand(GuardedRegistry(_holding("app")), clock=lambda: now[0]) as prd:
        prd.copy("app", tag="1.0.1")
        now[0] = 100
        prd.copy("app", tag="1.0.2")
        now[0] = 299
        assert prd.registry.resolve("app", "1.0.0") is not None
        assert prd.asked == ["app:pull,push", "app:pull"]


def test_a_token_that_was_revoked_is_replaced_by_one_for_both() -> None:
    with _stand(GuardedRegistry(_holding("app"))) as prd:
        prd.copy("app", tag="1.0.1")
        prd.guard.revoke()
        prd.copy("app", tag="1.0.2")
        assert prd.asked == ["app:pull,push"] * 2


def test_a_mount_is_asked_for_with_both_repositories() -> None:
    with _stand(GuardedRegistry(_holding("dev/app"))) as here:
        here.copy("prd/app", here.home("dev/app"))
        assert here.asked == ["prd/app:pull,push", "dev/app:pull", "prd/app:pull,push dev/app:pull"]
        assert not [line for line in here.lines if line.startswith("PUT /up")]


def test_further_tags_cost_one_token() -> None:
    with _stand(GuardedRegistry(_holding("app"))) as prd:
        retag(ImagePlace(prd.home("app"), "1.0.0"), ["1.0", "1"], replace=False)
        prd.copy("app", prd.home("app"), "stable")
        assert prd.asked == ["app:pull,push"]


def test_commands_that_read_ask_for_no_more_than_that(tmp_path: Path) -> None:
    guard = GuardedRegistry(_holding("app", "copied"))
    with ScriptedServer(guard) as server:
        guard.url = server.url
        app = f"{server.host}/app:1.0.0"
        for arguments in (
            ("digest", app),
            ("ls", f"{server.host}/app"),
            ("inspect", app),
            ("verify", app, f"{server.host}/copied:1.0.0"),
        ):
            ended = tidegate("-C", tmp_path, "image", *arguments, environ={"HOME": str(tmp_path)})
            assert ended.code == 0, ended.err
    assert set(guard.asked) == {"repository:app:pull", "repository:copied:pull"}


def test_commands_that_write_ask_for_it_at_once(tmp_path: Path) -> None:
    guard = GuardedRegistry(_holding("app"))
    with ScriptedServer(guard) as server:
        guard.url = server.url
        app = f"{server.host}/app:1.0.0"
        for arguments in (("tag", app, "stable"), ("copy", app, f"{server.host}/app:1")):
            guard.asked.clear()
            ended = tidegate("-C", tmp_path, "image", *arguments, environ={"HOME": str(tmp_path)})
            assert ended.code == 0, ended.err
            assert guard.asked == ["repository:app:pull,push"]


@pytest.mark.parametrize("refusal", [400, 401, 403])
def test_where_writing_is_refused_reading_is_asked_for_and_nothing_else_from_then_on(refusal: int) -> None:
    names = ["one", "two", "three"]
    with _stand(GuardedRegistry(_holding(*names), _reader, refusal=refusal)) as prd:
        assert all(prd.copy(name) for name in names)
        assert prd.asked == ["one:pull,push", "one:pull", "two:pull", "three:pull"]


def test_one_repository_that_may_not_be_written_to_keeps_no_other_from_it() -> None:
    """GitLab refuses a token to push to a protected repository, Docker Hub one beyond a personal token's own."""

    def may(repository: str) -> frozenset[str]:
        return frozenset({"pull"}) if repository == "locked" else frozenset({"pull", "push"})

    with _stand(GuardedRegistry(_holding("locked"), may, refusal=403)) as prd:
        assert prd.copy("locked")
        assert not prd.copy("open")
        assert prd.asked == ["locked:pull,push", "locked:pull", "open:pull", "open:pull,push"]


def test_a_run_that_may_write_nowhere_asks_for_no_more_than_is_needed() -> None:
    with _stand(GuardedRegistry(_holding(), _reader, refusal=401)) as prd:
        for name in ("one", "two"):
            with pytest.raises(RegistryDenied):
                prd.copy(name)
        assert prd.asked == ["one:pull,push", "one:pull", "one:pull,push", "two:pull", "two:pull,push"]


def test_many_at_once_hear_of_a_refusal_once() -> None:
    """All have looked at the target before the first asks for a token."""
    all_there = threading.Barrier(4, timeout=5)

    class Slow(GuardedRegistry):
        def __call__(self, request: Received) -> Reply | None:
            if request.method == "HEAD" and "Authorization" not in request.fields:
                all_there.wait()
            return super().__call__(request)

    with _stand(Slow(_holding("app"), _reader, refusal=401)) as prd, ThreadPoolExecutor(4) as threads:
        assert all(threads.map(prd.copy, ["app"] * 4))
        assert prd.asked == ["app:pull,push", "app:pull"]


def test_newer_credentials_may_do_more() -> None:
    found = iter([Credentials("me", "old", "a helper", life=60), Credentials("me", "new", "a helper", life=60)])
    now = [0.0]
    with _stand(
        GuardedRegistry(_holding("one", "two"), _reader, refusal=403), lambda: next(found), lambda: now[0]
    ) as prd:
        assert prd.copy("one")
        now[0] = 50
        assert prd.copy("two")
        assert prd.asked == ["one:pull,push", "one:pull", "two:pull,push", "two:pull"]


def test_a_token_for_nothing_in_place_of_one_for_less_is_replaced_by_one_to_read() -> None:
    with _stand(GuardedRegistry(_holding("one", "two"), _reader, nothing=True)) as prd:
        assert prd.copy("one")
        assert prd.copy("two")
        assert prd.asked == ["one:pull,push", "one:pull", "two:pull"]


@pytest.mark.parametrize(
    ("guard", "tokens", "sent"),
    [
        pytest.param(GuardedRegistry(WholeRegistry(), _reader), 2, 4, id="less"),
        pytest.param(GuardedRegistry(WholeRegistry(), _reader, nothing=True), 4, 5, id="nothing"),
        pytest.param(GuardedRegistry(WholeRegistry(), _reader, refusal=401), 3, 2, id="refused"),
    ],
)
def test_whoever_may_not_write_is_told_of_the_first_write(guard: GuardedRegistry, tokens: int, sent: int) -> None:
    with _stand(guard) as prd:
        with pytest.raises(RegistryDenied, match="app:pull,push") as caught:
            prd.copy("app")
        assert (len(prd.asked), len(prd.lines)) == (tokens, sent)
        assert caught.value.where == f"POST {guard.url}/v2/app/blobs/uploads/"
        assert "the test" in (caught.value.hint or "")
        assert "s3cret" not in f"{caught.value!r} {caught.value.hint}"


def test_whoever_may_read_is_told_at_the_first_tag_that_they_may_not_write() -> None:
    """That the token was good for reading does not make it one to write: it is not tried again and again."""
    with _stand(GuardedRegistry(_holding("app"), _reader)) as prd:
        with pytest.raises(RegistryDenied, match="app:pull,push") as caught:
            retag(ImagePlace(prd.home("app"), "1.0.0"), ["stable"], replace=False)
        assert caught.value.where == f"PUT {prd.guard.url}/v2/app/manifests/stable"
        assert (len(prd.asked), len(prd.lines)) == (2, 5)


def test_whoever_is_nobody_is_told_how_to_become_somebody() -> None:
    with _stand(GuardedRegistry(_holding("app"), _reader), lambda: None) as prd:
        with pytest.raises(RegistryUnauthorized, match="there are none") as caught:
            prd.copy("app", tag="1.0.1")
        assert caught.value.hint == "docker login"


@pytest.mark.parametrize("refusal", [401, 403])
def test_a_password_that_is_wrong_is_not_taken_for_one_that_may_only_read(refusal: int) -> None:
    guard = GuardedRegistry(_holding("app"), lambda _: frozenset(), refusal=refusal)
    with _stand(guard) as prd, pytest.raises(RegistryUnauthorized, match="does not accept") as caught:
        prd.copy("app")
    assert caught.value.where == f"HEAD {guard.url}/v2/app/manifests/1.0.0"
    assert guard.asked == ["repository:app:pull,push", "repository:app:pull"]
