"""From the checked keys below `server` to values."""

from __future__ import annotations

from pathlib import Path

from tidegate.config.durations import duration
from tidegate.config.notify_schema import NotifySection
from tidegate.config.notify_settings import NotifyTarget
from tidegate.config.server_schema import OidcSection, RoleSection, ServerSection
from tidegate.config.settings import AccessSettings, OidcSettings, ServerSettings, WebhookSecrets
from tidegate.model.notice import NoticeEvent
from tidegate.model.role import Grant, Role, Scope


def server_settings(section: ServerSection, folder: Path) -> ServerSettings:
    """Return what `tidegate serve` does.

    Args:
        section: checked by schema and rules.
        folder: what paths are relative to, absolute.
    """
    hooks = section.webhooks
    return ServerSettings(
        resync=duration(section.resync),
        workers=section.workers,
        webhooks=WebhookSecrets(hooks.gitlab_token_env, hooks.gitlab_signing_env, hooks.registry_token_env),
        access=AccessSettings(
            url=section.url and section.url.rstrip("/"),
            grants=tuple(map(_grant, section.roles)),
            anonymous=section.anonymous == Role.VIEWER.value,
            session_key=section.session_key_env,
            session=duration(section.session),
            oidc=_oidc(section.oidc) if section.oidc else None,
            tokens=folder / section.tokens if section.tokens else None,
        ),
        notify=tuple(_target(name, one, folder) for name, one in section.notify.items()),
    )


def _grant(section: RoleSection) -> Grant:
    where = None if section.environments is None else frozenset(section.environments)
    kinds = [each.split(":", 1) for each in section.to]
    return Grant(
        scope=Scope(Role(section.role), where),
        users=frozenset(name for kind, name in kinds if kind == "user"),
        groups=frozenset(name for kind, name in kinds if kind == "group"),
    )


def _oidc(section: OidcSection) -> OidcSettings:
    return OidcSettings(
        issuer=section.issuer,
        client_id=section.client_id,
        client_secret=section.client_secret_env,
        name=section.name,
        scopes=tuple(section.scopes),
        user_claim=section.user_claim,
        groups_claim=section.groups_claim,
    )


def _target(name: str, section: NotifySection, folder: Path) -> NotifyTarget:
    return NotifyTarget(
        name=name,
        url_env=section.url_env,
        url_file=folder / section.url_file if section.url_file else None,
        environments=None if section.environments is None else frozenset(section.environments),
        services=tuple(section.services or ()),
        events=frozenset(NoticeEvent) if section.events is None else frozenset(map(NoticeEvent, section.events)),
        every=duration(section.every),
    )
