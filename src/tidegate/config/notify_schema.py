"""The keys below `server.notify`."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from tidegate.config import grammar, notify_grammar, registry_grammar
from tidegate.config.section import Section, checked

Event: TypeAlias = Literal["opened", "waiting", "delivered", "failed"]


class NotifySection(Section):
    """One target of notifications: a room, a mailbox, a program."""

    url_env: Annotated[str, checked(registry_grammar.variable)] | None = Field(
        default=None,
        description="The variable that holds the target's address, as apprise writes it; it holds a secret.",
        examples=["SRE_NOTIFY_URL"],
    )
    url_file: Annotated[str, checked(notify_grammar.url_file)] | None = Field(
        default=None,
        description="The file that holds it; relative to this file.",
        examples=["/run/secrets/sre-notify-url"],
    )
    environments: list[str] | None = Field(
        default=None,
        min_length=1,
        description="The environments that it hears of. Left out: all that are promoted to.",
        examples=[["staging", "production"]],
    )
    services: list[Annotated[str, checked(notify_grammar.services)]] | None = Field(
        default=None,
        min_length=1,
        description="The services that it hears of; * stands for any letters. Left out: all.",
        examples=[["inventory", "pay-*"]],
    )
    events: list[Event] | None = Field(
        default=None,
        min_length=1,
        description="opened: a merge request is there; waiting: it waits for an approval; delivered: an environment has"
        " the release; failed: a delivery or promotion failed, or is refused. Left out: all.",
        examples=[["waiting", "failed"]],
    )
    every: Annotated[str, checked(grammar.soak)] = Field(
        default="1m",
        description="It gets one message in that time at most; what comes meanwhile is put together in the next.",
        examples=["30s", "15m"],
    )
