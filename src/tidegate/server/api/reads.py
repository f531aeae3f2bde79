"""What can be read: each request looks at the world by itself, in a thread, and writes nothing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query

from tidegate.engine.decide import decide
from tidegate.engine.deliver import Delivery, planned_delivery
from tidegate.engine.promote import planned_promotion
from tidegate.engine.survey import survey
from tidegate.engine.together import planned_together
from tidegate.engine.views.documents import cell_document, explanation_document, open_document, plan_document
from tidegate.engine.views.explanation import explain, moving_merge_requests
from tidegate.engine.views.status import matrix
from tidegate.engine.world import World
from tidegate.errors import TidegateError
from tidegate.model.json import Json
from tidegate.server.access.doorkeeper import visitor_of
from tidegate.server.access.visitor import Visitor
from tidegate.server.api.doing import require_project
from tidegate.server.api.router import api_router
from tidegate.server.api.shapes import (
    PipelineShape,
    PlanShape,
    PromotionShape,
    PromotionsShape,
    StatusShape,
    WhyShape,
    Word,
)
from tidegate.server.parts import Parts
from tidegate.server.problems import document_of

Who = Annotated[Visitor, Depends(visitor_of)]
Iid = Annotated[int, Path(ge=1, le=2_147_483_647, description="The number after the exclamation mark.")]


def read_routes(parts: Parts) -> APIRouter:
    """Return the routes."""
    router = api_router()

    def world(visitor: Visitor) -> World:
        return replace(parts.new_world(), actor=visitor.user)

    @router.get("/services", tags=["board"])
    def services(visitor: Who) -> PipelineShape:
        """Return the services, and the environments in order."""
        return PipelineShape.model_validate(_pipeline_document(world(visitor)))

    @router.get("/status", tags=["board"])
    def status(visitor: Who, service: Annotated[list[Word] | None, Query()] = None) -> StatusShape:
        """Return what every environment has of the services; of all, when none is named."""
        here = world(visitor)
        wanted = tuple(here.service(name) for name in service or ()) or tuple(here.pipeline.services.values())
        cells = [cell for row in matrix(here, wanted) for cell in row]
        faults = [cell.fault for cell in cells if cell.fault is not None][:1]
        return StatusShape.model_validate(
            {"cells": [cell_document(cell) for cell in cells], "faults": _faults([*faults, *here.undiscovered])}
        )

    @router.get("/services/{service}/why", tags=["verdicts"])
    def why(visitor: Who, service: Word, environment: Annotated[Word | None, Query(alias="in")] = None) -> WhyShape:
        """Say why a version waits before an environment; before every one, when none is named."""
        here = world(visitor)
        asked = here.service(service)
        targets = (
            [here.environment(environment)]
            if environment
            else [each for each in here.pipeline.environments if each.source]
        )
        found = [explain(here, asked, each) for each in targets]
        faults = [fault for each in found for fault in each.faults]
        return WhyShape.model_validate(
            {"explanations": [explanation_document(each) for each in found], "faults": _faults(faults)}
        )

    @router.get("/plan", tags=["promotions"])
    def plan(
        visitor: Who, service: Word, to: Word, version: Word | None = None, *, separate: bool = False
    ) -> PlanShape:
        """Return what a promotion would do, step by step. Writes nothing."""
        here = world(visitor)
        planned = planned_promotion(here, here.service(service), here.environment(to), version, separate=separate)
        return PlanShape.model_validate(plan_document(planned))

    @router.get("/plan/together", tags=["promotions"])
    def plan_together(visitor: Who, to: Word, service: Annotated[list[Word] | None, Query()] = None) -> PlanShape:
        """Return what promoting services together would do; all services, when none is named. Writes nothing."""
        here = world(visitor)
        planned = planned_together(here, [here.service(name) for name in service or ()], here.environment(to))
        return PlanShape.model_validate(plan_document(planned))

    @router.get("/promotions", tags=["promotions"])
    def promotions(visitor: Who, service: Word | None = None, to: Word | None = None) -> PromotionsShape:
        """Return the open merge requests, each with its verdict.

        With `service` and `to`: those that move the service there, each looked at by itself. Without: all, looked at
        from afar, so that it costs the forge few questions.
        """
        here = world(visitor)
        faults: list[TidegateError] = []
        found = _moving(here, service, to, faults) if service and to else _surveyed(here, faults)
        return PromotionsShape.model_validate({"promotions": found, "faults": _faults(faults)})

    @router.get("/promotions/{project:path}/{iid}", tags=["verdicts"])
    def promotion(visitor: Who, project: Word, iid: Iid) -> PromotionShape:
        """Return one merge request with its verdict. A slash in the project is written as it is, or as %2F."""
        here = world(visitor)
        require_project(here, project)
        delivery = planned_delivery(here, project, iid)
        return PromotionShape.model_validate(open_document(delivery, whole=True))

    return router


def _faults(faults: Iterable[TidegateError]) -> list[Json]:
    return [document_of(fault) for fault in faults]


def _pipeline_document(world: World) -> dict[str, Json]:
    return {
        "environments": [
            {
                "name": each.name,
                "source": each.source,
                "registry": each.registry.name,
                "repo": each.repo,
                "deploy": each.deploy.value,
                "promote": each.promote.value,
            }
            for each in world.pipeline.environments
        ],
        "services": [
            {"name": each.name, "image": each.image, "carry": each.carry.value, "source": each.source}
            for _, each in sorted(world.pipeline.services.items())
        ],
    }


def _moving(world: World, service: str, to: str, faults: list[TidegateError]) -> list[Json]:
    asked, target = world.service(service), world.environment(to)
    world.source_of(target)
    found = moving_merge_requests(world, asked, target, faults.append)
    return [open_document(Delivery(seen.merge_request, seen, decide(seen)), whole=True) for seen in found]


def _surveyed(world: World, faults: list[TidegateError]) -> list[Json]:
    found: list[Json] = []
    for project in sorted({each.repo for each in world.pipeline.environments if each.source}):
        try:
            looked = survey(world, project, faults.append)
        except TidegateError as fault:
            faults.append(fault)
            continue
        found.extend(open_document(each.delivery, whole=each.is_whole, may_go=each.may_go) for each in looked)
    return found
