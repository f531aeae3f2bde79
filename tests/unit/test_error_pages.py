"""What went wrong is told to people by a page, and to programs by the one document."""

from __future__ import annotations

from pathlib import Path

import pytest
from fastapi import FastAPI

from support.asgi import Answer, ask
from support.server_parts import TOKENS, Stand
from tidegate.model.role import Role
from tidegate.server.access.visitor import Proof

BROWSER = {"Accept": "text/html,application/xhtml+xml"}
ROLES = ", roles: [{role: viewer, to: ['user:dana']}]"


@pytest.fixture
def stand(tmp_path: Path) -> Stand:
    return Stand(tmp_path)


@pytest.fixture
def app(stand: Stand) -> FastAPI:
    return stand.app


def is_page(answer: Answer) -> bool:
    text = answer.body.decode()
    is_html = answer.headers["content-type"] == "text/html; charset=utf-8"
    assert is_html == text.startswith("<!doctype html>")
    return is_html and text.count("<h1>") == 1 and 'lang="en"' in text


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/no/such/page/at/all", 404, "There is nothing here"),
        (f"/?q={'x' * 300}", 422, "at most 200 characters"),
        ("/?q=%3Cscript%3E&state=" + "x" * 30, 422, "at most 20 characters"),
    ],
)
def test_a_browser_is_told_by_a_page_and_a_program_by_a_document(
    stand: Stand, path: str, status: int, words: str
) -> None:
    cookie, _ = stand.signed_in()
    told = stand.get(path, {**cookie, **BROWSER})
    assert told.status == status
    assert is_page(told)
    assert words in told.body.decode()
    assert '<a href="/">To the board</a>' in told.body.decode()
    program = stand.get(path, cookie)
    assert (program.status, program.json["error"]["code"][:7]) == (status, "server/")


def test_what_somebody_typed_is_never_taken_for_html(stand: Stand) -> None:
    cookie, _ = stand.signed_in()
    told = stand.get("/<script>alert(1)</script>", {**cookie, **BROWSER}).body.decode()
    assert "&lt;script&gt;" in told
    assert "<script" not in told


def test_whoever_has_no_role_reads_so_on_a_page_and_may_sign_in_as_another(tmp_path: Path) -> None:
    stand = Stand(tmp_path, TOKENS % ROLES)
    cookie = {"Cookie": stand.parts.access.begin("eve", frozenset(), Proof.SESSION).partition(";")[0]}
    told = stand.get("/", {**cookie, **BROWSER, "Cookie": f"{cookie['Cookie']}; tidegate-theme=dark"})
    assert told.status == 403
    assert is_page(told)
    assert "eve may not see anything here" in told.body.decode()
    assert '<a href="/sign-in">' in told.body.decode()
    assert '<html lang="en" data-theme="dark">' in told.body.decode()


def test_a_form_that_no_page_of_ours_made_is_refused_by_a_page(stand: Stand) -> None:
    cookie, _ = stand.signed_in()
    form = {"Content-Type": "application/x-www-form-urlencoded", **cookie}
    for asks in (BROWSER, {"HX-Request": "true"}):
        told = ask(stand.app, "POST", "/services/inventory/e2e/promote", [b"csrf=guessed"], {**form, **asks})
        assert told.status == 403
        assert is_page(told)
        assert 'id="detail"' in told.body.decode(), "the drawer shows it"


@pytest.mark.parametrize("path", ["/api/v1/nothing", "/metrics/nothing", "/webhooks/nothing"])
def test_what_programs_ask_for_is_told_as_to_programs_even_in_a_browser(stand: Stand, path: str) -> None:
    answer = stand.get(path, {**stand.token(Role.VIEWER), **BROWSER})
    assert (answer.status, answer.json["error"]["code"]) == (404, "server/not-here")


def test_too_many_attempts_say_when_to_come_again_on_a_page_too(stand: Stand) -> None:
    answers = [stand.get("/", {"Authorization": "Bearer guessed", **BROWSER}) for _ in range(40)]
    told = next(each for each in answers if each.status == 429)
    assert is_page(told)
    assert told.headers["retry-after"] == "6"
