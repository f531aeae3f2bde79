"""Where git is sent by a server: nowhere, while it carries a token of ours."""

from __future__ import annotations

import os

import pytest

from support.scripted_http import Received, Reply, ScriptedServer
from tidegate.errors.git import RemoteMoved
from tidegate.git.program import Git
from tidegate.git.remote import Remote, basic

KIND = {"Content-Type": "application/x-git-upload-pack-advertisement"}


def _packets(*lines: str) -> bytes:
    return "".join(f"{len(line) + 4:04x}{line}" if line else "0000" for line in lines).encode()


OFFER = _packets("# service=git-upload-pack\n", "", "version 2\n", "ls-refs\n", "fetch\n", "")


def test_a_server_that_sends_git_elsewhere_does_not_have_the_token_sent_there() -> None:
    def elsewhere(request: Received) -> Reply:
        return Reply(200, OFFER, KIND) if request.method == "GET" else Reply(404)

    with ScriptedServer(elsewhere) as other:

        def here(request: Received) -> Reply:
            return Reply(302, fields={"Location": f"{other.url}{request.path}"})

        with ScriptedServer(here) as server:
            remote = Remote(f"{server.url}/a.git", basic("oauth2", "s3cret"))
            with pytest.raises(RemoteMoved) as caught:
                Git.find(os.environ).run("ls-remote", "--", remote.url, remote=remote)
    assert [each.fields.get("Authorization") for each in other.requests] == []
    assert (caught.value.where, caught.value.retryable) == (remote.url, False)
