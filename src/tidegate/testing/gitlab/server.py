"""The fake GitLab on loopback: its API, and its repositories over smart HTTP."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import ClassVar

from tidegate.testing.gitlab.api import respond
from tidegate.testing.gitlab.fake import FakeGitLab
from tidegate.testing.gitlab.messages import Request
from tidegate.testing.loopback import LoopbackHandler, LoopbackServer


@contextlib.contextmanager
def serve(gitlab: FakeGitLab) -> Iterator[str]:
    """Serve `gitlab` on loopback, and give its URL."""
    with LoopbackServer(_Handler, given={"gitlab": gitlab}) as server:
        gitlab.url = server.url
        yield server.url


class _Handler(LoopbackHandler):
    gitlab: ClassVar[FakeGitLab]

    def respond(self) -> None:
        """Answer as GitLab, or hang up."""
        path, _, query = self.path.partition("?")
        headers = {name.lower(): value for name, value in self.headers.items()}
        answer = respond(self.gitlab, Request(self.command, path, query, headers, self.body()))
        if answer is None:
            self.close_connection = True
            return
        self.send(answer.status, answer.headers, answer.data)
