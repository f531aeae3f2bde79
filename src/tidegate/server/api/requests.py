"""The shapes of what is asked for, for OpenAPI."""

from __future__ import annotations

from pydantic import Field

from tidegate.server.api.shapes import Shape, Word


class Promotion(Shape):
    """What to promote."""

    service: Word
    to: Word = Field(description="The environment.")
    version: Word | None = Field(default=None, description="None: what the environment before has now.")
    separate: bool = Field(default=False, description="A merge request for this version alone.")


class TogetherPromotion(Shape):
    """What to promote as a set."""

    services: list[Word] = Field(default=[], max_length=1000, description="None: all that the environment before has.")
    to: Word = Field(description="The environment.")


class ApprovalRequest(Shape):
    """What to approve."""

    head: str | None = Field(
        default=None,
        pattern="^[0-9a-f]{40}$",
        description="The commit that was looked at; when there is a newer one, nothing is approved.",
    )


class DeliveryRequest(Shape):
    """How to deliver."""

    dry_run: bool = Field(default=False, description="Write nothing; answer with verdict and plan.")
