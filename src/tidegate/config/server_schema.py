"""The keys below `server`."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from tidegate.config import grammar, registry_grammar
from tidegate.config.notify_schema import NotifySection
from tidegate.config.section import Section, checked

Variable: TypeAlias = Annotated[str, checked(registry_grammar.variable)]
Name: TypeAlias = Annotated[str, checked(grammar.name)]


class WebhooksSection(Section):
    """Variables with what webhooks prove themselves with. Without one, such a webhook is not taken."""

    gitlab_token_env: Variable | None = Field(
        default=None,
        description="The variable that holds the secret token of GitLab's webhooks.",
        examples=["GITLAB_WEBHOOK_TOKEN"],
    )
    gitlab_signing_env: Variable | None = Field(
        default=None,
        description="The variable that holds the signing secret of GitLab's webhooks, whsec_….",
        examples=["GITLAB_WEBHOOK_SIGNING_SECRET"],
    )
    registry_token_env: Variable | None = Field(
        default=None,
        description="The variable that holds what registries send in the field Authorization.",
        examples=["REGISTRY_WEBHOOK_TOKEN"],
    )


class RoleSection(Section):
    """A role, who has it, and where."""

    role: Literal["viewer", "promoter", "deliverer", "admin"] = Field(
        description="viewer sees; promoter opens (local forge: and approves) merge requests; deliverer has them"
        " delivered; admin has everything looked at anew. Each includes those before it."
    )
    to: list[Annotated[str, checked(grammar.approver)]] = Field(
        min_length=1,
        description="Who has it: user:NAME or group:PATH, as the forge and the identity provider name them.",
        examples=[["group:platform/sre", "user:alice"]],
    )
    environments: list[str] | None = Field(
        default=None,
        min_length=1,
        description="Where it holds. Left out: everywhere. Viewing is of the whole board.",
        examples=[["staging", "production"]],
    )


class OidcSection(Section):
    """Sign-in at an OpenID Connect provider."""

    issuer: Annotated[str, checked(grammar.url)] = Field(
        description="The provider's address, as its tokens name it.", examples=["https://gitlab.example.com"]
    )
    client_id: str = Field(min_length=1, description="The application's id at the provider.")
    client_secret_env: Variable = Field(
        description="The variable that holds the application's secret.", examples=["OIDC_CLIENT_SECRET"]
    )
    name: str = Field(
        default="single sign-on", description="What the sign-in page calls the provider.", examples=["GitLab"]
    )
    scopes: list[str] = Field(default=["openid", "profile"], description="What the provider is asked for.")
    user_claim: str = Field(
        default="preferred_username",
        description="The claim with the person's user name on the forge.",
        examples=["nickname"],
    )
    groups_claim: str = Field(
        default="groups", description="The claim with the paths of the person's groups.", examples=["groups_direct"]
    )


class ServerSection(Section):
    """What `tidegate serve` does."""

    resync: Annotated[str, checked(grammar.soak)] = Field(
        default="5m",
        description="How long it is at most until everything is looked at again, webhook or not.",
        examples=["90s", "15m"],
    )
    workers: int = Field(default=4, ge=1, le=64, description="How much is looked at at the same time.")
    webhooks: WebhooksSection = Field(default=WebhooksSection(), description="How webhooks prove themselves.")
    url: Annotated[str, checked(registry_grammar.origin)] | None = Field(
        default=None,
        description="Where people and the identity provider reach the server; needed for sign-in by `oidc`.",
        examples=["https://tidegate.example.com"],
    )
    roles: list[RoleSection] = Field(
        default=[],
        description="Who may do what. Whoever has no role sees nothing.",
        examples=[[{"role": "deliverer", "to": ["group:platform/sre"], "environments": ["production"]}]],
    )
    anonymous: Literal["nothing", "viewer"] = Field(
        default="nothing", description="What those may do who have not signed in: nothing, or see everything."
    )
    session_key_env: Variable | None = Field(
        default=None,
        description="The variable with the key of session cookies, 32 characters or more; a new one, a space and the"
        " old one while it is changed. Needed for sign-in by `oidc`; without, sessions end with the process.",
        examples=["TIDEGATE_SESSION_KEY"],
    )
    session: Annotated[str, checked(grammar.soak)] = Field(
        default="8h", description="How long a person stays signed in.", examples=["30m", "12h"]
    )
    oidc: OidcSection | None = Field(default=None, description="Sign-in at an OpenID Connect provider.")
    tokens: str | None = Field(
        default=None,
        description="File with the hashes of API tokens; relative to this file. `tidegate token create` adds to it.",
        examples=["./tidegate-tokens.yaml"],
    )
    notify: dict[Name, NotifySection] = Field(
        default={},
        description="Whom it tells when something is new, by name: rooms, mailboxes, programs. Needs the extra notify.",
        examples=[{"sre": {"url_env": "SRE_NOTIFY_URL", "environments": ["production"], "events": ["waiting"]}}],
    )
