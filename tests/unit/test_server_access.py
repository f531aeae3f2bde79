"""Who may not: sessions, one-time links, tokens, forged requests, and the table of permissions."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from support.asgi import ask
from support.engine_world import STAGING
from support.server_parts import TOKENS, Stand
from tidegate.engine.observations import MergeRequestSeen
from tidegate.engine.observe_delivery import observe_delivery
from tidegate.engine.world import World
from tidegate.errors.server import SessionKeyMissing, TokenFileInvalid
from tidegate.model import MergeRequest, MergeRequestState
from tidegate.model.role import Role
from tidegate.server.access.permissions import NEEDED, Permission
from tidegate.server.access.sessions import Seal
from tidegate.server.access.sign_in_routes import safe_path
from tidegate.server.api import doing

KEY = "k" * 32
PROMOTION = {"service": "inventory", "to": "e2e"}


@pytest.fixture
def stand(tmp_path: Path) -> Stand:
    return Stand(tmp_path)


def code(answer: object) -> object:
    return answer.json["error"]["code"]  # type: ignore[attr-defined]


def paths(stand: Stand) -> list[tuple[str, str]]:
    """Return method and path of every operation in the API's description."""
    found = stand.app.openapi()["paths"]
    fill = {"{project}": STAGING, "{iid}": "1", "{service}": "inventory"}
    operations = []
    for path, methods in found.items():
        for name, value in fill.items():
            path = path.replace(name, value)  # noqa: PLW2901 - it is the same path, filled in
        operations += [(method.upper(), path) for method in methods]
    return operations


def test_whoever_has_not_signed_in_is_told_nothing(stand: Stand) -> None:
    asked = paths(stand)
    assert len(asked) > 12
    for method, path in asked:
        if path in {"/healthz", "/readyz"} or path.startswith("/webhooks/"):
            continue
        answer = ask(stand.app, method, path)
        assert (path, answer.status, code(answer)) == (path, 401, "server/sign-in-needed")
        assert answer.headers["www-authenticate"].startswith("Bearer")
    for path in ("/", "/metrics", "/api/v1/openapi.json", "/no/such/page", "/healthz/", "/static", "//healthz"):
        assert ask(stand.app, "GET", path).status == 401, path


def test_a_person_is_led_to_the_sign_in_and_back(stand: Stand) -> None:
    answer = stand.get("/?state=waiting", {"Accept": "text/html"})
    assert (answer.status, answer.headers["location"]) == (303, "/sign-in?next=/%3Fstate%3Dwaiting")
    assert stand.get("/api/v1/board", {"Accept": "text/html"}).status == 401


def test_anonymous_viewers_see_and_do_nothing(tmp_path: Path) -> None:
    stand = Stand(tmp_path, "server: {anonymous: viewer}\n")
    assert stand.get("/api/v1/board").status == 200
    answer = stand.post("/api/v1/promotions", PROMOTION)
    assert (answer.status, code(answer)) == (401, "server/sign-in-needed")


@pytest.mark.parametrize("permission", list(Permission))
def test_the_table_of_permissions(permission: Permission) -> None:
    wanted = {
        Permission.VIEW: {Role.VIEWER, Role.PROMOTER, Role.DELIVERER, Role.ADMIN},
        Permission.PROMOTE: {Role.PROMOTER, Role.DELIVERER, Role.ADMIN},
        Permission.APPROVE: {Role.PROMOTER, Role.DELIVERER, Role.ADMIN},
        Permission.DELIVER: {Role.DELIVERER, Role.ADMIN},
        Permission.RESYNC: {Role.ADMIN},
    }
    assert {role for role in Role if role.includes(NEEDED[permission])} == wanted[permission]


@pytest.mark.parametrize(
    ("path", "body", "role"),
    [
        ("/api/v1/promotions", {"service": "inventory", "to": "staging"}, Role.PROMOTER),
        ("/api/v1/promotions/together", {"to": "staging"}, Role.PROMOTER),
        (f"/api/v1/promotions/{STAGING}/1/approve", None, Role.PROMOTER),
        (f"/api/v1/promotions/{STAGING}/1/unapprove", None, Role.PROMOTER),
        (f"/api/v1/promotions/{STAGING}/1/deliver", None, Role.DELIVERER),
        ("/api/v1/resync", None, Role.ADMIN),
    ],
)
def test_who_may_not(stand: Stand, path: str, body: object, role: Role) -> None:
    stand.town.bring("e2e")
    stand.town.promote("staging")
    before = stand.town.commits(STAGING)
    for other in Role:
        if not other.includes(role):
            answer = stand.post(path, body, stand.token(other))
            assert (answer.status, code(answer)) == (403, "server/forbidden"), other
            assert f"it takes the role {role.value}" in answer.json["error"]["what"]
    elsewhere = stand.post(path, body, stand.token(Role.ADMIN, "dev", "e2e", "production"))
    assert (elsewhere.status, code(elsewhere)) == (403, "server/forbidden")
    assert stand.town.commits(STAGING) == before
    assert stand.town.forge.merge_request(STAGING, 1).approvals == ()
    assert stand.parts.queue.depth().waiting == 0
    assert stand.post(path, body, stand.token(role)).status in {200, 202}


def test_who_may_not_deliver_there_does_not_by_a_push_between_two_looks(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand.town.bring("e2e")
    stand.town.promote("staging")
    stand.town.forge.approve(STAGING, 1, user="stella")
    elsewhere = stand.town.world().environment("e2e")

    def a_moment_ago(world: World, merge_request: MergeRequest) -> MergeRequestSeen | None:
        seen = observe_delivery(world, merge_request)
        return seen and replace(seen, target=elsewhere)  # since then its author has pushed what moves staging

    monkeypatch.setattr(doing, "observe_delivery", a_moment_ago)
    answer = stand.post(f"/api/v1/promotions/{STAGING}/1/deliver", None, stand.token(Role.DELIVERER, "e2e"))
    assert (answer.status, code(answer)) == (403, "server/forbidden")
    assert stand.town.forge.merge_request(STAGING, 1).state is MergeRequestState.OPEN


def test_what_is_approved_is_what_was_looked_at(stand: Stand) -> None:
    stand.town.bring("e2e")
    request = stand.town.promote("staging").merge_request
    assert request is not None
    stella, (cookie, csrf) = stand.token(Role.PROMOTER, user="stella"), stand.signed_in()
    button = re.search(r'action="([^"]*/approve[^"]*)"', stand.get("/services/inventory/staging", cookie).body.decode())
    assert button is not None
    stand.town.write(STAGING, {"apps/inventory/more.yaml": b"a: b\n"}, branch=request.source_branch)

    path = f"/api/v1/promotions/{STAGING}/1/approve"
    answer = stand.post(path, {"head": request.head}, stella)
    assert (answer.status, code(answer)) == (409, "forge/head-moved")
    fields = {**cookie, "Content-Type": "application/x-www-form-urlencoded", "X-CSRF-Token": csrf}
    pressed = ask(stand.app, "POST", button[1], [f"merge-request={STAGING}!1".encode()], fields)
    assert (pressed.status, b"somebody has pushed" in pressed.body) == (409, True)
    assert stand.town.forge.merge_request(STAGING, 1).approvals == ()

    now = stand.town.forge.merge_request(STAGING, 1).head
    assert stand.post(path, {"head": now}, stella).json["approvals"][0]["head"] == now
    assert stand.post(path, {"head": "main"}, stella).status == 422


def test_what_is_pushed_while_an_approval_is_looked_at_is_not_approved(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand.town.bring("e2e")
    request = stand.town.promote("staging").merge_request
    assert request is not None

    def pushed_meanwhile(world: World, merge_request: MergeRequest) -> MergeRequestSeen | None:
        seen = observe_delivery(world, merge_request)
        stand.town.write(STAGING, {"apps/inventory/more.yaml": b"a: b\n"}, branch=request.source_branch)
        return seen

    monkeypatch.setattr(doing, "observe_delivery", pushed_meanwhile)
    answer = stand.post(f"/api/v1/promotions/{STAGING}/1/approve", None, stand.token(Role.PROMOTER, user="stella"))
    assert (answer.status, code(answer)) == (409, "forge/head-moved")
    assert stand.town.forge.merge_request(STAGING, 1).approvals == ()


def test_a_form_names_a_number_that_there_can_be(stand: Stand) -> None:
    cookie, csrf = stand.signed_in()
    fields = {**cookie, "Content-Type": "application/x-www-form-urlencoded", "X-CSRF-Token": csrf}
    form = f"merge-request={STAGING}!{'9' * 5000}".encode()
    assert ask(stand.app, "POST", "/services/inventory/staging/deliver", [form], fields).status == 422


def test_every_change_is_in_the_table_above(stand: Stand) -> None:
    changes = {path.rsplit("/", 1)[1] for method, path in paths(stand) if method != "GET" and "/webhooks/" not in path}
    assert changes == {"promotions", "together", "approve", "unapprove", "deliver", "resync"}


def test_a_link_signs_one_person_in_once(stand: Stand) -> None:
    first = stand.links[-1]
    answer = stand.get(first)
    assert (answer.status, answer.headers["location"]) == (303, "/")
    flags = answer.headers["set-cookie"].split("; ")[1:]
    assert flags == ["Path=/", "Max-Age=28800", "HttpOnly", "SameSite=Lax"]
    assert len(stand.links) == 2, "the next one is shown"
    again = stand.get(first)
    assert again.status == 401
    assert "set-cookie" not in again.headers
    assert "this link was used" in again.body.decode()


def test_links_are_for_this_machine_alone(tmp_path: Path) -> None:
    for host, server in (("0.0.0.0", ""), ("127.0.0.1", "server: {url: 'https://tidegate.example'}\n")):  # noqa: S104 - told from loopback
        stand = Stand(tmp_path, server, host=host)
        assert stand.parts.access.links is None
        assert stand.get("/sign-in?link=guess").status == 401


def test_the_session_of_a_link_is_none_where_there_are_no_links(tmp_path: Path) -> None:
    server = "server: {session_key_env: KEY%s}\n"
    cookie, _ = Stand(tmp_path, server % "", environ={"KEY": KEY}).signed_in()
    assert Stand(tmp_path, server % "", environ={"KEY": KEY}).get("/api/v1/session", cookie).status == 200
    open_to_all = Stand(tmp_path, server % ", url: 'http://tidegate.example'", environ={"KEY": KEY})
    assert open_to_all.get("/api/v1/session", cookie).status == 401


def test_cookies_are_secure_where_people_come_over_a_network(tmp_path: Path) -> None:
    access = Stand(tmp_path, "", host="0.0.0.0").parts.access  # noqa: S104 - nothing listens
    field = access.begin_local("dana")
    assert field.startswith("__Host-tidegate=")
    assert field.endswith("; Path=/; Max-Age=28800; HttpOnly; SameSite=Lax; Secure")


def test_a_session_ends(stand: Stand) -> None:
    cookie, _ = stand.signed_in()
    stand.town.clock.advance(timedelta(hours=7, minutes=59))
    assert stand.get("/api/v1/session", cookie).json["user"] == "dana"
    stand.town.clock.advance(timedelta(minutes=2))
    assert stand.get("/api/v1/session", cookie).status == 401


@pytest.mark.parametrize(
    "change",
    [lambda text: text[:-3], lambda text: text[:20] + "AAAA" + text[24:], lambda _text: "x", lambda text: text.lower()],
)
def test_a_changed_cookie_is_none(stand: Stand, change: object) -> None:
    cookie, _ = stand.signed_in()
    name, _, value = cookie["Cookie"].partition("=")
    assert stand.get("/api/v1/session", {"Cookie": f"{name}={change(value)}"}).status == 401  # type: ignore[operator]


def test_keys_are_changed_without_signing_anybody_out() -> None:
    old, new = "o" * 32, "n" * 32
    text = Seal.of("KEY", {"KEY": old}).close({"user": "dana"}, 1000)
    assert Seal.of("KEY", {"KEY": f"{new} {old}"}).open(text, timedelta(hours=1), 1000) == {"user": "dana"}
    assert Seal.of("KEY", {"KEY": new}).open(text, timedelta(hours=1), 1000) is None
    for value in ("", "short", f"{new} short"):
        with pytest.raises(SessionKeyMissing):
            Seal.of("KEY", {"KEY": value})


def test_a_change_proves_that_our_page_made_it(stand: Stand) -> None:
    cookie, csrf = stand.signed_in()
    for forged in ({}, {"X-CSRF-Token": ""}, {"X-CSRF-Token": csrf[:-1]}, {"X-CSRF-Token": "ü"}):
        answer = stand.post("/api/v1/promotions", PROMOTION, {**cookie, **forged})
        assert (answer.status, code(answer)) == (403, "server/forged-request"), forged
    assert stand.town.forge.merge_requests("platform/gitops") == ()
    assert stand.post("/api/v1/promotions", PROMOTION, {**cookie, "X-CSRF-Token": csrf}).status == 200


def test_a_form_proves_it_by_a_field(stand: Stand) -> None:
    cookie, csrf = stand.signed_in()
    fields = {**cookie, "Content-Type": "application/x-www-form-urlencoded"}
    assert ask(stand.app, "POST", "/sign-out", [b"csrf=wrong"], fields).status == 403
    assert ask(stand.app, "POST", "/sign-out", [b"csrf=" + b"x" * 70_000], fields).status == 413
    answer = ask(stand.app, "POST", "/sign-out", [b"csrf=", csrf.encode()], fields)
    assert (answer.status, answer.headers["location"]) == (303, "/sign-in")
    assert answer.headers["set-cookie"].startswith("tidegate=; Path=/; Max-Age=0;")


def test_another_sessions_proof_is_none(stand: Stand) -> None:
    cookie, _ = stand.signed_in()
    _, other = stand.signed_in()
    assert stand.post("/api/v1/resync", None, {**cookie, "X-CSRF-Token": other}).status == 403


def test_whoever_came_by_a_link_can_be_anybody_of_the_local_forge(stand: Stand) -> None:
    cookie, csrf = stand.signed_in()
    answer = stand.post("/sign-in/as", {"user": "sam"}, {**cookie, "X-CSRF-Token": csrf})
    sam = {"Cookie": answer.headers["set-cookie"].partition(";")[0]}
    assert stand.get("/api/v1/session", sam).json["user"] == "sam"
    robot = stand.post("/sign-in/as", {"user": "sam"}, stand.token(Role.ADMIN))
    assert (robot.status, "set-cookie" in robot.headers) == (403, False)
    assert stand.post("/sign-in/as", {"user": "a b\r\n"}, {**cookie, "X-CSRF-Token": csrf}).status == 403


def test_roles_of_local_groups(tmp_path: Path) -> None:
    sre = "{role: deliverer, to: ['group:platform/sre'], environments: [production]}"
    roles = f", roles: [{sre}, {{role: viewer, to: ['user:sam']}}]"
    stand = Stand(tmp_path, TOKENS % roles)
    cookie, csrf = stand.signed_in()
    may = {each.pop("environment"): each for each in stand.get("/api/v1/session", cookie).json["may"]}
    assert may["production"] == {"promote": True, "approve": True, "deliver": True}
    assert may["staging"] == {"promote": False, "approve": False, "deliver": False}
    other = stand.post("/sign-in/as", {"user": "nobody"}, {**cookie, "X-CSRF-Token": csrf}).headers["set-cookie"]
    answer = stand.get("/api/v1/board", {"Cookie": other.partition(";")[0]})
    assert (answer.status, code(answer)) == (403, "server/forbidden")


def test_tokens_end_and_are_revoked_without_a_restart(stand: Stand) -> None:
    file = stand.folder / "tokens.yaml"
    one, other = stand.token(Role.VIEWER), stand.token(Role.VIEWER, user="other")
    assert stand.get("/api/v1/session", one).json["user"] == "robot"
    _, _, rest = file.read_text().partition("\n  hash:")
    file.write_text(rest.partition("\n")[2])
    assert stand.get("/api/v1/session", one).status == 401
    assert stand.get("/api/v1/session", other).json["user"] == "other"
    stand.town.clock.advance(timedelta(days=20_000))
    assert stand.get("/api/v1/session", other).status == 401


def test_the_file_holds_no_token(stand: Stand) -> None:
    token = stand.token(Role.VIEWER)["Authorization"].removeprefix("Bearer ")
    assert token not in (stand.folder / "tokens.yaml").read_text()


@pytest.mark.parametrize(
    "text", ["[", "a: {}", "a: {user: b, role: king, expires: '2030-01-01T00:00:00Z', hash: x}", "- a"]
)
def test_a_broken_file_has_no_tokens(tmp_path: Path, text: str) -> None:
    stand = Stand(tmp_path)
    good = stand.token(Role.VIEWER)
    assert stand.get("/api/v1/session", good).status == 200
    with (tmp_path / "tokens.yaml").open("a") as stream:
        stream.write(text)
    assert stand.get("/api/v1/session", good).status == 401
    (tmp_path / "tokens.yaml").write_text(text)
    with pytest.raises(TokenFileInvalid):
        Stand(tmp_path)


def test_a_token_goes_before_a_cookie(stand: Stand) -> None:
    cookie, _ = stand.signed_in()
    assert stand.get("/api/v1/session", {**cookie, "Authorization": "Bearer wrong"}).status == 401
    assert stand.get("/api/v1/session", {**cookie, "Authorization": "Basic ZGFuYTo="}).status == 401


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8080", "127.0.0.1.evil.example", "10.0.0.1:8080", ""])
def test_no_other_name_leads_to_a_server_of_this_machine(tmp_path: Path, host: str) -> None:
    stand = Stand(tmp_path, "server: {anonymous: viewer}\n")
    for path in ("/", "/api/v1/board", "/sign-in", "/healthz"):
        answer = stand.get(path, {"Host": host})
        assert (answer.status, code(answer)) == (403, "server/forbidden")
    for own in ("127.0.0.1:8080", "localhost", "[::1]:8080", "[::1]"):
        assert stand.get("/api/v1/board", {"Host": own}).status == 200
    assert ask(stand.app, "POST", "/webhooks/gitlab", headers={"Host": host}).status == 401, "those prove themselves"
    assert (
        Stand(tmp_path, "server: {url: 'https://a.example', anonymous: viewer}\n").get("/", {"Host": host}).status
        == 200
    )


def test_nobody_guesses_for_long(stand: Stand) -> None:
    good = stand.token(Role.VIEWER)
    tried = [stand.get("/api/v1/board", {"Authorization": f"Bearer {number}"}).status for number in range(12)]
    assert tried == [401] * 10 + [429] * 2
    assert stand.get("/api/v1/board", {"Authorization": "Bearer x"}).headers["retry-after"] == "6"
    assert stand.get("/api/v1/board", good).status == 200, "others at the same address go on"
    links = [stand.get(f"/sign-in?link={number}").status for number in range(2)]
    assert links == [429, 429]


def test_fields_that_browsers_keep_to(stand: Stand) -> None:
    for path in ("/sign-in", "/healthz", "/api/v1/board"):
        headers = stand.get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self'" in policy
        assert "unsafe" not in policy
        assert (headers["x-content-type-options"], headers["x-frame-options"]) == ("nosniff", "DENY")
        assert headers["referrer-policy"] == "same-origin"
        assert headers["cache-control"] == "no-store"
        assert "strict-transport-security" not in headers


@pytest.mark.parametrize("there", ["https://evil.example", "//evil.example", "/\\evil.example", "evil", "/a\nb"])
def test_nobody_is_led_elsewhere_after_signing_in(there: str) -> None:
    assert safe_path(there) == "/"
    assert safe_path("/?state=waiting") == "/?state=waiting"
