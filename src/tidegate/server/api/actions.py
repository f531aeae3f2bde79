"""What can be done: as the person who makes the request, and only what their roles allow there."""

from __future__ import annotations

from fastapi import APIRouter

from tidegate.engine.views.documents import delivery_document, merge_request_document, plan_document, promoted_document
from tidegate.server.api.doing import Doer
from tidegate.server.api.reads import Iid, Who
from tidegate.server.api.requests import ApprovalRequest, DeliveryRequest, Promotion, TogetherPromotion
from tidegate.server.api.router import api_router
from tidegate.server.api.shapes import DeliveredShape, MergeRequestShape, PromotedShape, QueuedShape, Word
from tidegate.server.parts import Parts


def action_routes(parts: Parts) -> APIRouter:
    """Return the routes."""
    router = api_router("actions")

    @router.post("/promotions")
    def promote(visitor: Who, asked: Promotion) -> PromotedShape:
        """Open the merge request that brings a release to an environment, or bring an open one up to date."""
        doer = Doer(parts, visitor)
        promoted, talk = doer.promote(asked.service, asked.to, asked.version, separate=asked.separate)
        return PromotedShape.model_validate({**promoted_document(promoted), "talk": talk})

    @router.post("/promotions/together")
    def promote_together(visitor: Who, asked: TogetherPromotion) -> PromotedShape:
        """Open the one merge request that brings several services' releases to an environment: all of them, or none."""
        promoted, talk = Doer(parts, visitor).together(asked.services, asked.to)
        return PromotedShape.model_validate({**promoted_document(promoted), "talk": talk})

    @router.post("/promotions/{project:path}/{iid}/approve")
    def approve(visitor: Who, project: Word, iid: Iid, asked: ApprovalRequest | None = None) -> MergeRequestShape:
        """Approve a merge request of a local forge as it is now, or at `head`. On GitLab, people approve on GitLab."""
        head = asked.head if asked is not None else None
        found = Doer(parts, visitor).approve(project, iid, head=head)
        return MergeRequestShape.model_validate(merge_request_document(found))

    @router.post("/promotions/{project:path}/{iid}/unapprove")
    def unapprove(visitor: Who, project: Word, iid: Iid) -> MergeRequestShape:
        """Take one's own approval back, with a local forge."""
        found = Doer(parts, visitor).approve(project, iid, take_back=True)
        return MergeRequestShape.model_validate(merge_request_document(found))

    @router.post("/promotions/{project:path}/{iid}/deliver")
    def deliver(visitor: Who, project: Word, iid: Iid, asked: DeliveryRequest | None = None) -> DeliveredShape:
        """Deliver a merge request if it may go; otherwise the answer has every reason why not.

        With `dryRun` nothing is written, and a viewer may ask.
        """
        dry_run = asked is not None and asked.dry_run
        delivery, talk = Doer(parts, visitor).deliver(project, iid, dry_run=dry_run)
        return DeliveredShape.model_validate(
            {
                **delivery_document(delivery, dry_run=dry_run),
                "plan": plan_document(delivery.plan) if dry_run and delivery.plan else None,
                "talk": talk,
            }
        )

    @router.post("/resync", status_code=202)
    def resync(visitor: Who) -> QueuedShape:
        """Have everything looked at anew."""
        Doer(parts, visitor).resync()
        return QueuedShape(queued=1)

    return router
