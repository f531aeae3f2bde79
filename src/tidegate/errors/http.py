"""Errors of the HTTP transport, and the branch for servers that ask for patience."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tidegate.errors import AuthenticationError, TidegateError, UsageError

if TYPE_CHECKING:
    from tidegate.errors import Place


class HostUnreachable(TidegateError):
    """No connection: the name is unknown, nobody listens, or nobody answers."""

    code = "http/unreachable"
    retryable = True


class ConnectionBroken(TidegateError):
    """The connection broke, or fell silent, before the answer was whole."""

    code = "http/connection-broken"
    retryable = True


class ServerNotTrusted(TidegateError):
    """The server's certificate can't be verified."""

    code = "http/not-trusted"


class ProxyRefused(AuthenticationError):
    """A proxy does not let us through: it wants other credentials, or forbids the address."""

    code = "http/proxy-refused"


class AddressRefused(TidegateError):
    """A server pointed to an address that must not be followed: another scheme, or link-local."""

    code = "http/address-refused"


class ResponseTooLarge(TidegateError):
    """The answer is larger than what was asked for can be."""

    code = "http/response-too-large"


class InvalidUrl(UsageError):
    """The text is not an http or https URL that can be used."""

    code = "http/url"


class FieldInvalid(TidegateError):
    """A header field would hold what no field may hold, e.g. a line break."""

    code = "http/field"


class ServerBusy(TidegateError):
    """A server could not answer now. The branch of what may carry a Retry-After.

    Args:
        what: one sentence.
        where: the request, without its query.
        hint: what to do.
        retry_after: seconds that the server asked to wait; None when it did not say.
    """

    code = "http/busy"
    retryable = True

    def __init__(
        self,
        what: str,
        *,
        where: Place | str | None = None,
        hint: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(what, where=where, hint=hint)
        self.retry_after = retry_after
