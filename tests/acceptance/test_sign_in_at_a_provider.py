"""Sign-in at an identity provider: a real `tidegate serve`, a provider on loopback, browsers that follow redirects."""

from __future__ import annotations

import json
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass, field
from http.cookiejar import CookieJar
from pathlib import Path

import pytest
from playwright.sync_api import expect

from support.browser import chromium, faults
from support.oidc_provider import SECRET, FakeProvider
from support.road_world import RoadWorld, world_with_release
from support.server_process import Answered, ServerProcess
from support.until import PATIENCE

CONFIG = """\
server:
  url: http://127.0.0.1:{port}
  session_key_env: KEY
  session: {session}
  roles:
    - {{role: promoter, to: ["group:platform/sre"], environments: [production]}}
    - {{role: viewer, to: ["user:vera"]}}
  oidc: {{issuer: "{issuer}", client_id: tidegate, client_secret_env: OIDC_SECRET, name: GitLab}}
"""
KEYS = {"KEY": "k" * 32, "OIDC_SECRET": SECRET}
HERE = "/services/inventory/production"
PAGE = {"Accept": "text/html"}


@pytest.fixture
def provider() -> Iterator[FakeProvider]:
    person = {"sub": "17", "preferred_username": "rita", "groups": ["platform/sre", "others/many"]}
    with FakeProvider(time.time(), person).serving() as provider:
        yield provider


@dataclass
class Place:
    """A world with a server that people reach by one address, whatever process answers there."""

    world: RoadWorld
    text: str
    issuer: str
    port: int

    @classmethod
    def make(cls, folder: Path, issuer: str) -> Place:
        world = world_with_release(folder)
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        return cls(world, (world.folder / "tidegate.yaml").read_text(), issuer, port)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @contextmanager
    def serving(
        self, keys: Mapping[str, str] = KEYS, *, session: str = "8h", without: str = "nothing"
    ) -> Iterator[ServerProcess]:
        """Serve; the lines of the configuration with `without` in them are left out."""
        config = CONFIG.format(port=self.port, issuer=self.issuer, session=session)
        kept = "".join(line for line in config.splitlines(keepends=True) if without not in line)
        self.world.configure(f"{self.text}{kept}")
        options = ("--resync", "1h", "--listen", f"127.0.0.1:{self.port}")
        with ServerProcess(self.world, options, variables=keys, signs_in=False) as server:
            yield server.ready()


@pytest.fixture
def place(tmp_path: Path, provider: FakeProvider) -> Place:
    return Place.make(tmp_path / "world", provider.url)


@dataclass
class Browser:
    """A program that keeps cookies and goes where it is sent, as a browser does."""

    url: str
    cookies: CookieJar = field(default_factory=CookieJar)

    def ask(self, path: str, body: bytes | None = None, headers: Mapping[str, str] = PAGE) -> Answered:
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(self.cookies)
        )
        request = urllib.request.Request(f"{self.url}{path}", body, dict(headers))  # noqa: S310 - our own server
        try:
            with opener.open(request, timeout=PATIENCE) as answer:
                found = {**answer.headers, "at": answer.url}
                return Answered(answer.status, answer.read().decode(), found)
        except urllib.error.HTTPError as refused:
            with refused:
                return Answered(refused.code, refused.read().decode(), {**refused.headers, "at": refused.url})

    def sign_in(self, there: str = "/") -> Answered:
        return self.ask(f"/sign-in/begin?next={there}")

    @property
    def user(self) -> str | None:
        """Who it is signed in as."""
        answer = self.ask("/api/v1/session", headers={})
        return answer.json["user"] if answer.status == 200 else None

    def copy(self) -> Browser:
        """Return another one that has got hold of this one's cookies."""
        other = Browser(self.url)
        for cookie in self.cookies:
            other.cookies.set_cookie(copy(cookie))
        return other


def test_a_person_comes_in_with_the_roles_of_their_groups_and_goes(place: Place) -> None:
    with place.serving() as server:
        browser = Browser(place.url)
        shown = browser.ask(HERE)
        assert (shown.status, shown.headers["at"]) == (200, f"{place.url}/sign-in?next={HERE}")
        assert f'href="/sign-in/begin?next={HERE}"' in shown.text
        assert browser.ask("/api/v1/board", headers={}).status == 401

        came = browser.sign_in(HERE)
        assert (came.status, came.headers["at"]) == (200, f"{place.url}{HERE}"), "back where they wanted to go"
        session = browser.ask("/api/v1/session", headers={}).json
        assert (session["user"], session["proof"]) == ("rita", "session")
        assert [each["environment"] for each in session["may"] if each["promote"]] == ["production"]

        kind = {"Content-Type": "application/json"}
        promote = json.dumps({"service": "inventory", "to": "e2e"}).encode()
        forged = browser.ask("/api/v1/promotions", promote, kind)
        assert (forged.status, forged.json["error"]["code"]) == (403, "server/forged-request")
        refused = browser.ask("/api/v1/promotions", promote, {**kind, "X-CSRF-Token": session["csrf"]})
        assert (refused.status, refused.json["error"]["code"]) == (403, "server/forbidden")
        assert refused.json["error"]["what"] == "rita may not promote to e2e: it takes the role promoter"

        thief = browser.copy()
        assert thief.user == "rita"
        form = {"Content-Type": "application/x-www-form-urlencoded", **PAGE}
        left = browser.ask("/sign-out", f"csrf={session['csrf']}".encode(), form)
        assert left.headers["at"] == f"{place.url}/sign-in"
        assert not list(browser.cookies)
        assert browser.user is None
        assert thief.user is None, "what was copied before is no session after a sign-out"
        assert browser.sign_in().status == 200
        assert browser.user == "rita"
        said = json.dumps(server.log)
        assert [secret for secret in (SECRET, session["csrf"], "code=", *KEYS.values()) if secret in said] == []


def test_who_has_no_role_is_told_so_and_what_to_do(place: Place, provider: FakeProvider) -> None:
    provider.person |= {"preferred_username": "nina", "groups": ["others/many"]}
    with place.serving():
        browser = Browser(place.url)
        refused = browser.sign_in(HERE)
        assert (refused.status, refused.headers["at"]) == (403, f"{place.url}{HERE}")
        assert refused.headers["content-type"].startswith("text/html")
        assert "nina may not see anything here: it takes the role viewer" in refused.text
        assert "server.roles in tidegate.yaml" in refused.text
        assert 'href="/sign-in"' in refused.text, "they may be somebody else, too"
        for path in ("/api/v1/board", "/api/v1/session", "/metrics", "/board/events"):
            assert browser.ask(path, headers={}).status == 403
        provider.person |= {"preferred_username": "vera"}
        assert browser.sign_in().status == 200
        assert browser.user == "vera"


def test_a_session_outlives_the_process_and_nothing_else(place: Place) -> None:
    browser = Browser(place.url)
    with place.serving():
        assert browser.sign_in().status == 200
    with place.serving():
        assert browser.user == "rita", "any process with the same key"
        changed = browser.copy()
        for cookie in changed.cookies:
            assert cookie.value is not None
            cookie.value = cookie.value[:-8] + cookie.value[-8:].swapcase()
        assert changed.user is None
    with place.serving(without="group:platform/sre"):
        refused = browser.ask("/api/v1/session", headers={})
        assert (refused.status, refused.json["error"]["code"]) == (403, "server/forbidden"), "roles are read anew"
    with place.serving({**KEYS, "KEY": "n" * 32}):
        assert browser.user is None, "another key"
    with place.serving({**KEYS, "KEY": f"{'n' * 32} {'k' * 32}"}):
        assert browser.user == "rita", "the key before is still believed"
    with place.serving(session="1s") as server:
        server.until(lambda: browser.user is None)


def test_a_sign_in_is_ended_where_it_began(place: Place, provider: FakeProvider) -> None:
    with place.serving():
        mine, yours = Browser(place.url), Browser(place.url)
        back: list[str] = []
        authorize = provider.authorize

        def caught(query: Mapping[str, str]) -> str:
            back.append(authorize(query))
            return f"{provider.url}/nowhere"

        provider.authorize = caught  # type: ignore[method-assign]
        mine.sign_in()
        refused = yours.ask(back[0].removeprefix(place.url))
        assert (refused.status, yours.user) == (401, None)
        assert "no sign-in has begun in this browser" in refused.text
        assert mine.ask(back[0].removeprefix(place.url)).status == 200
        assert mine.user == "rita"
        assert mine.ask(back[0].removeprefix(place.url)).status == 401, "a code is good once"


def test_in_a_browser(place: Place) -> None:
    with place.serving(), chromium() as browser:
        page = browser.new_page()
        page.goto(f"{place.url}{HERE}")
        assert faults(page) == []
        page.get_by_role("link", name="Sign in with GitLab").press("Enter")
        expect(page).to_have_url(f"{place.url}{HERE}")
        expect(page.locator(".who")).to_contain_text("rita")
        page.get_by_role("button", name="Sign out").press("Enter")
        expect(page).to_have_url(f"{place.url}/sign-in")
        page.goto(place.url)
        expect(page.get_by_role("link", name="Sign in with GitLab")).to_be_visible()
