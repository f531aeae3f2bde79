"""What nobody can do to the server by sending much, or what takes long to read."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from support.server_parts import Stand

QUOTED = 'x="' + "\\a" * 50_000 + '"'
"""Python unquotes a cookie's value in a time that grows with the square of its length."""


@pytest.mark.parametrize("path", ["/", "/api/v1/board", "/api/v1/session", "/sign-in/end?state=x&code=y"])
@pytest.mark.parametrize("server", ["", "server: {anonymous: viewer}\n"])
def test_a_long_cookie_of_a_stranger_costs_no_more_than_its_length(tmp_path: Path, path: str, server: str) -> None:
    stand = Stand(tmp_path, server)
    start = time.thread_time()
    stand.get(path, {"Cookie": f"{QUOTED}; theme=dark"})
    assert time.thread_time() - start < 2


def test_a_cookie_is_found_among_others(tmp_path: Path) -> None:
    stand = Stand(tmp_path)
    cookie, _ = stand.signed_in()
    for other in ("a=b", "x=\\", 'bad cookie"; ', "tidegate2=z", ";;=;"):
        field = f"{other}; {cookie['Cookie']} ;{other}"
        assert stand.get("/api/v1/session", {"Cookie": field}).status == 200, other
