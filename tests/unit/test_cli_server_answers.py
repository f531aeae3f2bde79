"""What answers at `--server` and is no Tidegate is said to be none."""

from __future__ import annotations

import pytest

from support.cli import tidegate
from tidegate.testing.loopback import LoopbackHandler, LoopbackServer


class _Other(LoopbackHandler):
    answer = b""

    def respond(self) -> None:
        self.send(200, {"Content-Type": "application/json"}, self.answer)


@pytest.mark.parametrize("answer", [b"", b"<html>sign in</html>", b"[1]", b"[" * 100_000, b"\xff"])
def test_what_is_no_tidegate_is_said_to_be_none(answer: bytes) -> None:
    with LoopbackServer(_Other, given={"answer": answer}) as other:
        ended = tidegate("--server", other.url, "status", environ={"TIDEGATE_SERVER_TOKEN": "t0ken"})
    assert (ended.code, ended.out) == (1, "")
    assert "server/answer-unreadable" in ended.err
    assert "is there a Tidegate at --server?" in ended.err
