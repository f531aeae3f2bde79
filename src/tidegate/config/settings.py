"""The configuration as the rest of Tidegate sees it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TypeAlias

from tidegate.config.notify_settings import NotifyTarget
from tidegate.errors import Place
from tidegate.model import Pipeline
from tidegate.model.role import Grant


@dataclass(frozen=True, slots=True)
class LocalForge:
    """Merge requests in bare repositories.

    Args:
        path: the folder with the repositories, absolute; None when they are reached by `url`.
        url: where they are served over HTTP, or None.
        groups: group path → user names.
    """

    path: Path | None
    url: str | None
    groups: Mapping[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class GitLabForge:
    """A GitLab server.

    Args:
        url: its address, e.g. `https://gitlab.example.com`.
        tokens: project path → name of the variable that holds its own token.
    """

    url: str
    tokens: Mapping[str, str] = field(default_factory=dict)


ForgeSettings: TypeAlias = LocalForge | GitLabForge


@dataclass(frozen=True, slots=True)
class Identity:
    """Name and e-mail address of the committer."""

    name: str
    email: str


@dataclass(frozen=True, slots=True)
class Origin:
    """An effective value and where it comes from.

    Args:
        value: as the file or the environment has it, before paths are resolved.
        place: position in the file, the variable's name, or None for a default.
    """

    value: str | int | bool | tuple[str, ...]
    place: Place | None

    @property
    def source(self) -> str:
        """Where the value comes from, in a person's words."""
        return "default" if self.place is None else str(self.place)

    @property
    def shown(self) -> str:
        """The value as YAML would write it on one line."""
        match self.value:
            case bool():
                return "true" if self.value else "false"
            case tuple():
                return f"[{', '.join(self.value)}]"
            case _:
                return str(self.value)


@dataclass(frozen=True, slots=True)
class WebhookSecrets:
    """Names of the environment variables that hold what webhooks prove themselves with; None: not taken.

    Args:
        gitlab_token: of GitLab's secret token (`X-Gitlab-Token`).
        gitlab_signing: of GitLab's signing secret (`whsec_…`, Standard Webhooks).
        registry_token: of what registries send as `Authorization`.
    """

    gitlab_token: str | None = None
    gitlab_signing: str | None = None
    registry_token: str | None = None


@dataclass(frozen=True, slots=True)
class OidcSettings:
    """An OpenID Connect provider.

    Args:
        issuer: its address, as its tokens name it.
        client_id: our id there.
        client_secret: name of the variable that holds our secret.
        name: what people call it.
        scopes: what it is asked for.
        user_claim: the claim with the user name on the forge.
        groups_claim: the claim with the paths of groups.
    """

    issuer: str
    client_id: str
    client_secret: str
    name: str
    scopes: tuple[str, ...]
    user_claim: str
    groups_claim: str


@dataclass(frozen=True, slots=True)
class AccessSettings:
    """Who may do what to the server, and how they sign in.

    Args:
        url: where people reach it, or None.
        grants: who has which role.
        anonymous: whether those who have not signed in see everything.
        session_key: name of the variable that holds the key of session cookies, or None.
        session: how long a person stays signed in.
        oidc: the identity provider, or None.
        tokens: the file with the hashes of API tokens, absolute; or None.
    """

    url: str | None = None
    grants: tuple[Grant, ...] = ()
    anonymous: bool = False
    session_key: str | None = None
    session: timedelta = timedelta(hours=8)
    oidc: OidcSettings | None = None
    tokens: Path | None = None


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """What `tidegate serve` does.

    Args:
        resync: how long it is at most until everything is looked at again.
        workers: how many keys are handled at once.
        webhooks: how webhooks prove themselves.
        access: who may do what.
        notify: whom it tells when something is new.
    """

    resync: timedelta = timedelta(minutes=5)
    workers: int = 4
    webhooks: WebhookSecrets = WebhookSecrets()
    access: AccessSettings = AccessSettings()
    notify: tuple[NotifyTarget, ...] = ()


@dataclass(frozen=True, slots=True)
class Configuration:
    """What tidegate.yaml, the environment and the defaults say together.

    Args:
        pipeline: environments, services and registries.
        forge: where projects and merge requests are.
        identity: who commits and merges.
        file: the file that was read, absolute.
        origins: effective key (dotted) → value and where it comes from, in the schema's order.
        server: what `tidegate serve` does.
    """

    pipeline: Pipeline
    forge: ForgeSettings
    identity: Identity
    file: Path
    origins: Mapping[str, Origin]
    server: ServerSettings
