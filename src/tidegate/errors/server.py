"""Errors of the server."""

from __future__ import annotations

from tidegate.errors import AuthenticationError, TidegateError, UsageError


class ServerExtraMissing(UsageError):
    """What the server is made of is not installed."""

    code = "server/extra-missing"


class InvalidListen(UsageError):
    """The text is not an address to listen on."""

    code = "server/listen"


class ListenRefused(UsageError):
    """The system does not let the server listen there."""

    code = "server/listen-refused"


class WebhookSecretMissing(AuthenticationError):
    """A variable that is to hold what webhooks prove themselves with is empty, or holds no such secret."""

    code = "server/webhook-secret-missing"


class WebhookRefused(AuthenticationError):
    """A webhook does not prove who sent it."""

    code = "server/webhook-refused"


class WebhookInvalid(UsageError):
    """A webhook's body is not what its sender is known to send."""

    code = "server/webhook-invalid"


class WebhookTooLarge(UsageError):
    """A webhook's body is larger than any that matters."""

    code = "server/webhook-too-large"


class SignInNeeded(AuthenticationError):
    """The request does not say who makes it, or not in a way that is still good."""

    code = "server/sign-in-needed"


class Forbidden(AuthenticationError):
    """Whoever makes the request may not do that."""

    code = "server/forbidden"


class ForgedRequest(AuthenticationError):
    """A request with a session does not prove that a page of the server made it."""

    code = "server/forged-request"


class TooManyAttempts(TidegateError):
    """Somebody tries to sign in too often."""

    code = "server/too-many-attempts"
    exit_code = 4
    retryable = True


class SessionKeyMissing(AuthenticationError):
    """A variable that is to hold the key of session cookies holds none."""

    code = "server/session-key-missing"


class TokenFileInvalid(UsageError):
    """The file with the hashes of API tokens can't be read."""

    code = "server/token-file"


class TokenExists(UsageError):
    """There is an API token of that name."""

    code = "server/token-exists"


class RequestInvalid(UsageError):
    """A request is not what the API's description says."""

    code = "server/request-invalid"


class RequestTooLarge(UsageError):
    """A request's body is longer than any that the server understands."""

    code = "server/request-too-large"


class NotHere(UsageError):
    """There is nothing at that address."""

    code = "server/not-here"


class ApprovedElsewhere(UsageError):
    """The forge has its own sign-in: people approve there."""

    code = "server/approved-elsewhere"


class Busy(TidegateError):
    """So many clients follow the board that another one would slow down all."""

    code = "server/busy"
    retryable = True


class SignInRefused(AuthenticationError):
    """The identity provider did not say who somebody is, or not in a way that can be trusted."""

    code = "server/sign-in-refused"


class ProviderUnreachable(TidegateError):
    """The identity provider does not answer as it should."""

    code = "server/provider-unreachable"
    exit_code = 4
    retryable = True


class ServerBug(TidegateError):
    """The server ended a request in a way that nobody foresaw; its log has the traceback."""

    code = "server/bug"


class ServerStops(TidegateError):
    """The server is being stopped, and has not done all that was asked."""

    code = "server/stops"
    retryable = True


class AnswerUnreadable(TidegateError):
    """What answers at the server's address is no Tidegate, or one of another version."""

    code = "server/answer-unreadable"


class ServerUnsafe(UsageError):
    """A token would be sent over a connection that others can read."""

    code = "server/unsafe"
