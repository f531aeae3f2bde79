"""`tidegate.yaml` as values, with file, line and column in errors."""

from tidegate.config.durations import duration
from tidegate.config.load import FILE_NAME, load
from tidegate.config.settings import (
    AccessSettings,
    Configuration,
    ForgeSettings,
    GitLabForge,
    Identity,
    LocalForge,
    OidcSettings,
    Origin,
    ServerSettings,
    WebhookSecrets,
)

__all__ = [
    "FILE_NAME",
    "AccessSettings",
    "Configuration",
    "ForgeSettings",
    "GitLabForge",
    "Identity",
    "LocalForge",
    "OidcSettings",
    "Origin",
    "ServerSettings",
    "WebhookSecrets",
    "duration",
    "load",
]
