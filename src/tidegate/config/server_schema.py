"""The keys below `server`."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from pydantic import Field

from tidegate.config import grammar, registry_grammar
from tidegate.config.section import Section, checked

Variable: TypeAlias = Annotated[str, checked(registry_grammar.variable)]


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


class ServerSection(Section):
    """What `tidegate serve` does."""

    resync: Annotated[str, checked(grammar.soak)] = Field(
        default="5m",
        description="How long it is at most until everything is looked at again, webhook or not.",
        examples=["90s", "15m"],
    )
    workers: int = Field(default=4, ge=1, le=64, description="How much is looked at at the same time.")
    webhooks: WebhooksSection = Field(default=WebhooksSection(), description="How webhooks prove themselves.")
