"""Calls to GitLab against a scripted server: what it sends is read with care."""

from __future__ import annotations

import pytest

from support.scripted_http import Received, Reply, ScriptedServer
from tidegate.errors.forge import ForgeUnreadable
from tidegate.forge.gitlab.client import GitLabClient
from tidegate.forge.gitlab.tokens import Token
from tidegate.http import Client, Retry


@pytest.mark.parametrize("link", ['<http://[>; rel="next"', '<http://[::1/?page=2>; rel="next"'])
def test_a_next_page_at_no_address_is_told(link: str) -> None:
    with ScriptedServer(lambda _: Reply(200, b"[{}]", {"Link": link})) as server, Client("test/1") as client:
        api = GitLabClient(server.url, Token("t", "the test"), client, Retry(attempts=1))
        with pytest.raises(ForgeUnreadable):
            list(api.list("projects"))


def test_a_next_page_elsewhere_is_asked_for_here() -> None:
    def pages(request: Received) -> Reply:
        more = {"Link": '<https://elsewhere.example/x?page=2>; rel="next"'} if "page=2" not in request.path else {}
        return Reply(200, b"[{}]", more)

    with ScriptedServer(pages) as server, Client("test/1") as client:
        api = GitLabClient(server.url, Token("t", "the test"), client, Retry(attempts=1))
        assert len(list(api.list("projects"))) == 2
        assert server.lines == ["GET /api/v4/projects?per_page=100", "GET /api/v4/projects?per_page=100&page=2"]
