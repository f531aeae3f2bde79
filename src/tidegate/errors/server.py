"""Errors of the server."""

from __future__ import annotations

from tidegate.errors import AuthenticationError, UsageError


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
