"""The shapes of answers, for OpenAPI. What `tidegate … -o json` prints has the same."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from pydantic.alias_generators import to_camel

Time = Annotated[str, Field(description="RFC 3339, UTC.", examples=["2026-01-31T12:00:00+00:00"])]
Word = Annotated[str, StringConstraints(min_length=1, max_length=255)]


class Shape(BaseModel):
    """What all shapes are made of."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid", frozen=True)


class PlaceShape(Shape):
    """A place in a file."""

    file: str
    line: int | None
    column: int | None


class ErrorShape(Shape):
    """An error as the command line tells it."""

    code: str = Field(description="Stable, e.g. `release/service-unknown`.")
    what: str
    where: str | None
    place: PlaceShape | None
    hint: str | None = Field(description="What to do.")
    exit_code: int
    retryable: bool = Field(description="Whether the same request may succeed when made again.")


class Problem(Shape):
    """What every failed request is answered with."""

    error: ErrorShape


class ReasonShape(Shape):
    """What one gate says."""

    gate: str
    answer: Literal["go", "wait", "no"]
    text: str
    evidence: str | None
    hint: str | None
    code: str | None


class VerdictShape(Shape):
    """Whether a release may move, with every reason."""

    answer: Literal["go", "wait", "no"]
    reasons: list[ReasonShape]


class FaultShape(Shape):
    """What was in the way."""

    code: str
    what: str
    hint: str | None = None


class MergeRequestLinkShape(Shape):
    """The open merge request that would move a cell."""

    ref: str
    title: str
    url: str | None


class GapShape(Shape):
    """How far a cell is behind the one before."""

    versions: int
    since: Time


class LiveShape(Shape):
    """How far Flux is with a service in the environment's cluster."""

    state: Literal["live", "not-applied", "rolling-out", "failed", "suspended", "missing", "unknown"]
    release: str = Field(description="The HelmRelease: `namespace/name`.")
    image: str | None = Field(description="What the HelmRelease in the cluster names of the service.")
    tag: str | None
    version: str | None
    running: str | None = Field(description="The same where Flux says that it runs.")
    since: Time | None
    reason: str = Field(description="Flux's own word, or the code of what was in the way of looking.")
    message: str
    hint: str | None
    chart: str | None


class BoardCellShape(Shape):
    """One service in one environment, as it was last looked at."""

    service: str
    environment: str
    state: Literal["settled", "waiting", "blocked", "moving", "drifted", "unknown"]
    sentence: str
    version: str | None
    tag: str | None
    digest: str | None
    since: Time | None
    by: str | None
    brought_by: str | None
    merge_request: MergeRequestLinkShape | None
    moving: str | None = Field(description="The tag that the merge request brings.")
    reasons: list[ReasonShape]
    gap: GapShape | None
    faults: list[FaultShape]
    live: LiveShape | None = Field(description="Null where the environment has no cluster.")


class RowShape(Shape):
    """A service's cells, in the order of the environments; null where nobody has looked yet."""

    service: str
    cells: list[BoardCellShape | None]


class BoardShape(Shape):
    """The board at one moment."""

    schema_version: Literal[1]
    revision: int = Field(description="Grows with each change; begins anew with the process.")
    environments: list[str]
    rows: list[RowShape]


class ServiceShape(Shape):
    """A service."""

    name: str
    image: str
    carry: Literal["image", "release"]
    source: str | None


class EnvironmentShape(Shape):
    """An environment."""

    name: str
    source: str | None
    registry: str
    repo: str
    deploy: Literal["auto", "merge-request"]
    promote: Literal["manual", "auto"]


class PipelineShape(Shape):
    """Services, and environments in order."""

    environments: list[EnvironmentShape]
    services: list[ServiceShape]


class StatusCell(Shape):
    """What an environment has of a service, read just now."""

    service: str
    environment: str
    image: str | None
    tag: str | None
    version: str | None
    digest: str | None
    delivered: str | None
    since: Time | None
    by: str | None
    merge_request: str | None
    fault: FaultShape | None
    lane: FaultShape | None = Field(description="Why an automatic environment gets nothing newer.")
    live: LiveShape | None = Field(description="Null where the environment has no cluster.")


class StatusShape(Shape):
    """The matrix, and what could not be read."""

    cells: list[StatusCell]
    faults: list[Problem]


class ExplanationShape(Shape):
    """Why an environment has what it has of a service."""

    service: str
    environment: str
    has: str | None
    source: str
    source_has: str | None
    settled: bool
    sentence: str
    merge_request: str | None
    verdict: VerdictShape | None
    refusal: FaultShape | None
    live: LiveShape | None = Field(description="Null where the environment has no cluster.")


class WhyShape(Shape):
    """Explanations, and what could not be read."""

    explanations: list[ExplanationShape]
    faults: list[Problem]


class StepShape(BaseModel):
    """A step: its kind, a sentence, and what is the kind's own."""

    model_config = ConfigDict(extra="allow", frozen=True)

    kind: str
    describe: str


class PlanShape(Shape):
    """What would be done, in order."""

    summary: str
    steps: list[StepShape]
    diff: str
    warnings: list[str]


class TalkShape(Shape):
    """What was told while a plan ran."""

    event: Literal["plan", "done", "kept", "failed", "warning", "again"]
    text: str


class PromotedShape(Shape):
    """What a promotion came to."""

    merge_request: str | None
    title: str | None
    branch: str | None
    summary: str
    adopted: bool = Field(description="The merge request was there already, and nothing had to be done.")
    talk: list[TalkShape]


class DeliveryErrorShape(Shape):
    """What ended a delivery."""

    code: str
    what: str
    where: str | None
    hint: str | None


Outcome = Literal["delivered", "ready", "scheduled", "merged", "waits", "refused", "failed", "none"]


class DeliveryShape(Shape):
    """What became of a merge request."""

    merge_request: str
    title: str
    outcome: Outcome
    verdict: VerdictShape | None
    error: DeliveryErrorShape | None


class DeliveredShape(DeliveryShape):
    """What became of a merge request, and what was told on the way; with `dryRun`, the plan."""

    plan: PlanShape | None
    talk: list[TalkShape]


class PromotionShape(DeliveryShape):
    """An open merge request as it is now."""

    project: str
    iid: int
    author: str
    url: str | None
    environment: str | None
    services: list[str]
    may_go: bool = Field(description="It is worth a delivery: it may go, or must be looked at by itself.")
    whole: bool = Field(description="Every reason is known; else those about approvals are left out.")


class PromotionsShape(Shape):
    """All open merge requests of the environments' repositories."""

    promotions: list[PromotionShape]
    faults: list[Problem]


class ApprovalShape(Shape):
    """One person's approval."""

    user: str
    at: Time
    head: str


class CommentShape(Shape):
    """A note."""

    user: str
    at: Time
    text: str


class CiPipelineShape(Shape):
    """The forge's own pipeline of a merge request's head."""

    status: str = Field(description="The forge's word, e.g. `running`, `success` or `failed`.")
    url: str | None


class MergeRequestShape(Shape):
    """A merge request of the forge."""

    ref: str
    state: Literal["open", "merged", "closed"]
    title: str
    description: str
    author: str
    source_branch: str
    target_branch: str
    head: str
    merge_commit: str | None
    conflicts: bool | None = Field(description="null: the forge has not said yet.")
    conflicting: list[str] = Field(description="The files with conflicts, as far as the forge tells.")
    branch_gone: bool = Field(description="It is open, and its source branch was deleted.")
    pipeline: CiPipelineShape | None = Field(description="null: it has none, or the forge does not tell.")
    approvals: list[ApprovalShape]
    comments: list[CommentShape]


class MayShape(Shape):
    """What somebody may do in an environment."""

    environment: str
    promote: bool
    approve: bool
    deliver: bool


class SessionShape(Shape):
    """Who makes the request, and what they may do."""

    user: str = Field(description="User name on the forge; empty for somebody who has not signed in.")
    proof: Literal["nothing", "session", "local", "token"]
    csrf: str | None = Field(description="What a page sends as `X-CSRF-Token` with every change; none for tokens.")
    may: list[MayShape]
    resync: bool


class QueuedShape(Shape):
    """What was asked for is done soon."""

    queued: int


PROBLEMS: Final[dict[int | str, dict[str, object]]] = {
    "default": {"model": Problem, "description": "What went wrong, in the command line's words and codes."}
}
