"""Requests to one registry: their addresses, what they are sent with, and what each may do there."""

from __future__ import annotations

from collections.abc import Mapping

from tidegate.http import InFlight, Origin, Request, Response, Retry, Sender
from tidegate.registry.auth.authorization import Authorizer, Scopes
from tidegate.registry.auth.authorized import AuthorizedSender


class Calls:
    """What all requests to one registry have in common.

    Args:
        base: base URL without a final slash; `/v2/` follows it.
        client: sends the requests.
        authorizer: what to send as Authorization.
        retry: how often to try.
        follow: where the registry may send us although it is plain HTTP or link-local.
    """

    def __init__(
        self,
        base: str,
        client: Sender,
        authorizer: Authorizer,
        retry: Retry,
        follow: frozenset[Origin] = frozenset(),
    ) -> None:
        self.origin = Origin.of(base)
        self.retry = retry
        self.follow = follow
        self._base = base
        self._authorizer = authorizer
        self._sender = AuthorizedSender(self.origin, client, authorizer)

    def address(self, repository: str, rest: str) -> str:
        """Return the URL of `rest` in a repository, e.g. `tags/list`."""
        return f"{self._base}/v2/{repository}/{rest}"

    def request(
        self,
        method: str,
        repository: str,
        rest: str,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> Request:
        """Return a request about `rest` in a repository, e.g. `manifests/1.1.3`."""
        return Request(method, self.address(repository, rest), headers or {}, body, allowed=self.follow)

    def expect_writes(self, repository: str) -> None:
        """Have a token that reads from `repository` asked for as one that writes there, too."""
        self._authorizer.expect(to_pull(repository), to_push(repository))

    def send(self, request: Request, scopes: Scopes) -> Response:
        """Send `request` with what lets it do `scopes`, and return the answer."""
        return self._sender.send(request, scopes)

    def begin(self, request: Request, scopes: Scopes) -> InFlight:
        """Send `request` now if it may be; its answer is waited for later."""
        return self._sender.begin(request, scopes)


def to_pull(repository: str) -> Scopes:
    """Return the scopes of a request that reads from a repository."""
    return (f"repository:{repository}:pull",)


def to_push(repository: str) -> Scopes:
    """Return the scopes of a request that writes to a repository."""
    return (f"repository:{repository}:pull,push",)
