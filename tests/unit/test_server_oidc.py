"""Sign-in at an identity provider, and all the ways in which it is refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack, closing
from dataclasses import replace
from datetime import timedelta
from http.client import HTTPConnection
from pathlib import Path
from threading import Event, Semaphore
from typing import Any
from urllib.parse import urlsplit

import pytest
from joserfc.jwk import OctKey, RSAKey

from support.asgi import Answer
from support.oidc_provider import CLIENT, SECRET, FakeProvider, query_of
from support.server_parts import Stand
from support.until import PATIENCE
from tidegate.errors.server import SessionKeyMissing
from tidegate.server.access import turns as turns_module
from tidegate.server.access.provider import open_provider
from tidegate.server.app import make_app
from tidegate.testing.clock import START

ENVIRON = {"KEY": "k" * 32, "OIDC_SECRET": SECRET}
CONFIG = """\
server:
  url: https://tidegate.example
  session_key_env: KEY
  roles:
    - {role: promoter, to: ["group:platform/sre"], environments: [production]}
    - {role: viewer, to: ["user:vera"]}
  oidc: {issuer: "%s", client_id: tidegate, client_secret_env: OIDC_SECRET, name: GitLab}
"""


@pytest.fixture
def provider() -> Iterator[FakeProvider]:
    person = {"sub": "17", "preferred_username": "rita", "groups": ["platform/sre", "others/many"]}
    with FakeProvider(START.timestamp(), person).serving() as provider:
        yield provider


@pytest.fixture
def stand(tmp_path: Path, provider: FakeProvider) -> Iterator[Stand]:
    stand = Stand(tmp_path, CONFIG % provider.url, environ=ENVIRON)
    with ExitStack() as stack:
        found = stack.enter_context(open_provider(stand.parts.access.settings, ENVIRON, stand.town.clock))
        stand.app = make_app(replace(stand.parts, access=replace(stand.parts.access, provider=found)))
        yield stand


def cookie_of(answer: Answer, name: str) -> dict[str, str]:
    field = next(each for each in answer.every("set-cookie") if each.startswith(f"__Host-{name}="))
    return {"Cookie": field.partition(";")[0]}


def visited(address: str) -> str:
    """Return where the provider sends a browser back to."""
    parts = urlsplit(address)
    with closing(HTTPConnection(parts.netloc, timeout=10)) as connection:
        connection.request("GET", f"{parts.path}?{parts.query}")
        return connection.getresponse().headers["Location"]


def begun(stand: Stand, there: str = "/") -> tuple[str, dict[str, str]]:
    """Return where the provider sends the person back to, and the cookie of the sign-in that has begun."""
    answer = stand.get(f"/sign-in/begin?next={there}")
    assert answer.status == 303
    back = visited(answer.headers["location"])
    assert back.startswith("https://tidegate.example/sign-in/end?")
    return back.removeprefix("https://tidegate.example"), cookie_of(answer, "tidegate-sign-in")


def ended(stand: Stand) -> Answer:
    back, cookie = begun(stand)
    return stand.get(back, cookie)


def refused(answer: Answer) -> str:
    assert answer.status in {401, 429, 503, 500}
    assert not [each for each in answer.every("set-cookie") if each.startswith("__Host-tidegate=")]
    return answer.body.decode()


def test_a_person_signs_in_and_has_the_roles_of_their_groups(stand: Stand) -> None:
    assert "Sign in with GitLab" in stand.get("/sign-in?next=/").body.decode()
    back, flow = begun(stand, "/?state=waiting")
    answer = stand.get(back, flow)
    assert (answer.status, answer.headers["location"]) == (303, "/?state=waiting")
    assert all(each.endswith("; HttpOnly; SameSite=Lax; Secure") for each in answer.every("set-cookie"))
    session = stand.get("/api/v1/session", cookie_of(answer, "tidegate")).json
    assert (session["user"], session["proof"]) == ("rita", "session")
    assert [each["environment"] for each in session["may"] if each["promote"]] == ["production"]
    assert stand.get("/api/v1/session", cookie_of(answer, "tidegate")).headers["strict-transport-security"]


def test_claims_that_stand_in_the_token_are_enough(stand: Stand, provider: FakeProvider) -> None:
    provider.in_token = ("sub", "preferred_username", "groups")
    provider.info = {"sub": "another"}
    assert ended(stand).status == 303


def test_whoever_has_no_role_sees_nothing(stand: Stand, provider: FakeProvider) -> None:
    provider.person |= {"preferred_username": "nina", "groups": ["others/many"]}
    answer = stand.get("/api/v1/board", cookie_of(ended(stand), "tidegate"))
    assert (answer.status, answer.json["error"]["code"]) == (403, "server/forbidden")


def test_the_address_asks_for_all_that_protects(stand: Stand) -> None:
    first, second = (query_of(stand.get("/sign-in/begin").headers["location"]) for _ in range(2))
    assert (first["client_id"], first["scope"], first["response_type"]) == (CLIENT, "openid profile", "code")
    assert first["code_challenge_method"] == "S256"
    for name in ("state", "nonce", "code_challenge"):
        assert len(first[name]) >= 32
        assert first[name] != second[name]


def _without_cookie(stand: Stand) -> Answer:
    return stand.get(begun(stand)[0])


def _of_another_browser(stand: Stand) -> Answer:
    return stand.get(begun(stand)[0], begun(stand)[1])


def _too_late(stand: Stand) -> Answer:
    back, cookie = begun(stand)
    stand.town.clock.advance(timedelta(minutes=11))
    return stand.get(back, cookie)


def _with_a_session_as_flow(stand: Stand) -> Answer:
    back, _ = begun(stand)
    session = cookie_of(ended(stand), "tidegate")["Cookie"].partition("=")[2]
    return stand.get(back, {"Cookie": f"__Host-tidegate-sign-in={session}"})


def _with_a_used_code(stand: Stand) -> Answer:
    back, cookie = begun(stand)
    assert stand.get(back, cookie).status == 303
    return stand.get(back, cookie)


def _from_another_provider(stand: Stand) -> Answer:
    back, cookie = begun(stand)
    return stand.get(f"{back}&iss=https%3A%2F%2Fevil.example", cookie)


@pytest.mark.parametrize(
    ("way", "told"),
    [
        (_without_cookie, "no sign-in has begun"),
        (_of_another_browser, "belongs to another sign-in"),
        (_too_late, "no sign-in has begun"),
        (_with_a_session_as_flow, "no sign-in has begun"),
        (_with_a_used_code, "does not take the code: invalid_grant"),
        (_from_another_provider, "has refused"),
    ],
)
def test_who_is_refused(stand: Stand, way: Callable[[Stand], Answer], told: str) -> None:
    assert told in refused(way(stand))


@pytest.mark.parametrize(
    "wrong",
    [
        {"iss": "https://evil.example"},
        {"aud": "another"},
        {"aud": "another", "azp": "tidegate"},
        {"aud": ["tidegate", "another"], "azp": "another"},
        {"aud": ["tidegate", "another"]},
        {"nonce": "another"},
        {"nonce": None},
        {"exp": int(START.timestamp()) - 120},
        {"exp": None},
        {"nbf": int(START.timestamp()) + 300},
        {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"},
    ],
)
def test_tokens_that_are_refused(stand: Stand, provider: FakeProvider, wrong: dict[str, Any]) -> None:
    provider.wrong = wrong
    assert "can&#x27;t be trusted" in refused(ended(stand))


def test_another_ones_signature_is_none(stand: Stand, provider: FakeProvider) -> None:
    provider.signs_with = RSAKey.generate_key(2048, {"kid": provider.key.kid})
    assert "BadSignature" in refused(ended(stand))


def test_a_shared_secret_signs_nothing(stand: Stand, provider: FakeProvider) -> None:
    provider.algorithm = "HS256"
    provider.signs_with = OctKey.import_key(provider.key.as_pem(private=False).hex())  # type: ignore[assignment]
    assert "can&#x27;t be trusted" in refused(ended(stand))


def test_a_provider_may_change_its_keys(stand: Stand, provider: FakeProvider) -> None:
    assert ended(stand).status == 303
    provider.key = RSAKey.generate_key(2048, {"kid": "new"})
    stand.town.clock.advance(timedelta(minutes=2))
    provider.now = stand.town.clock.now().timestamp()
    assert ended(stand).status == 303


def test_keys_of_kinds_that_are_not_known_keep_nobody_out(stand: Stand, provider: FakeProvider) -> None:
    broken = ({"kty": "EC", "crv": "P-1", "x": "A", "y": "A"}, {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"})
    provider.other_keys = (*broken, {"kty": "future"}, {"kty": "RSA"}, {}, None, "key")
    assert ended(stand).status == 303


def test_what_it_tells_is_of_the_same_person(stand: Stand, provider: FakeProvider) -> None:
    provider.info = {"sub": "another"}
    assert "another person" in refused(ended(stand))


@pytest.mark.parametrize("name", ["a b", "", None, 7, "<script>"])
def test_a_name_that_is_none_on_the_forge(stand: Stand, provider: FakeProvider, name: object) -> None:
    provider.person["preferred_username"] = name
    assert "does not tell a user name" in refused(ended(stand))


def test_a_provider_that_does_not_answer(stand: Stand, provider: FakeProvider) -> None:
    provider.url = "http://127.0.0.1:9"
    assert "calls itself" in refused(stand.get("/sign-in/begin"))


def test_a_provider_that_takes_long_holds_up_one_request_and_no_others(
    stand: Stand, provider: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns_module, "_MOMENT", 0.01)
    asked, answers, discovery = Event(), Event(), provider.discovery

    def slow() -> dict[str, Any]:
        asked.set()
        assert answers.wait(PATIENCE)
        return discovery()

    monkeypatch.setattr(provider, "discovery", slow)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(stand.get, "/sign-in/begin")
        assert asked.wait(PATIENCE)
        second = stand.get("/sign-in/begin")
        answers.set()
        assert (second.status, b"has not answered yet" in second.body) == (503, True)
        assert first.result().status == 303
    assert stand.get("/sign-in/begin").status == 303


def test_who_is_known_by_the_present_keys_does_not_wait_for_the_next_ones(
    stand: Stand, provider: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns_module, "_MOMENT", 0.01)
    assert ended(stand).status == 303
    stand.town.clock.advance(timedelta(minutes=2))
    provider.now = stand.town.clock.now().timestamp()
    known, new = provider.key, RSAKey.generate_key(2048, {"kid": "new"})
    asked, answers, keys = Event(), Event(), provider.keys
    times = []

    def slow() -> dict[str, Any]:
        times.append(1)
        asked.set()
        assert answers.wait(PATIENCE)
        return keys()

    monkeypatch.setattr(provider, "keys", slow)
    with ThreadPoolExecutor(1) as pool:
        provider.key = new
        first = pool.submit(ended, stand)
        assert asked.wait(PATIENCE)
        provider.key = known
        known_one = ended(stand)
        provider.key = new
        other = ended(stand)
        answers.set()
        assert (known_one.status, other.status, b"has not answered yet" in other.body) == (303, 503, True)
        assert first.result().status == 303
    assert (ended(stand).status, len(times)) == (303, 1)


def test_a_provider_that_takes_long_over_codes_has_eight_people_wait_and_no_more(
    stand: Stand, provider: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, answers, token = Semaphore(0), Event(), provider.token

    def slow(form: Mapping[str, str], authorization: str) -> tuple[int, dict[str, Any]]:
        asked.release()
        assert answers.wait(PATIENCE)
        return token(form, authorization)

    monkeypatch.setattr(provider, "token", slow)
    with ThreadPoolExecutor(8) as pool, ThreadPoolExecutor(1) as pool_of_one:
        waiting = [pool.submit(ended, stand) for _ in range(8)]
        assert all(asked.acquire(timeout=PATIENCE) for _ in waiting)
        ninth = pool_of_one.submit(ended, stand)
        wait([ninth], PATIENCE)
        answers.set()
        assert (ninth.result().status, b"has not answered yet" in ninth.result().body) == (503, True)
        assert [each.result().status for each in waiting] == [303] * 8
    assert ended(stand).status == 303


def test_where_attempts_fail_again_and_again_the_provider_is_not_asked(stand: Stand, provider: FakeProvider) -> None:
    back, cookie = begun(stand)
    for _ in range(10):
        assert stand.get(back.replace("code=", "code=x"), cookie).status == 401
    assert stand.get(back, cookie).status == 429
    assert provider.asked, "the code was not handed in"


def test_it_is_whole_or_refused_at_the_start(tmp_path: Path) -> None:
    stand = Stand(tmp_path, CONFIG % "https://gitlab.example.com", environ=ENVIRON)
    with pytest.raises(SessionKeyMissing), open_provider(stand.parts.access.settings, {}, stand.town.clock):
        pass


def test_links_sign_nobody_in_where_there_is_a_provider(stand: Stand) -> None:
    assert stand.links == []
    assert stand.get("/sign-in?link=guess").status == 401
