"""LocalDesk: the engine in this process."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar

from tidegate.cli.desk import Told
from tidegate.cli.document import Document
from tidegate.cli.output import Output
from tidegate.engine.views import documents
from tidegate.engine.world import World
from tidegate.errors import TidegateError

if TYPE_CHECKING:
    from tidegate.cli.progress import StepTalk
    from tidegate.engine.deliver import Delivery
    from tidegate.engine.plan import Plan
    from tidegate.model import Service
    from tidegate.model.json import Json

_T = TypeVar("_T")


class LocalDesk:
    """Fulfils `Desk`. What a command does not need is not imported.

    Args:
        world: the ports.
        output: where talk goes while something is done.
    """

    def __init__(self, world: World, output: Output) -> None:
        self._world = world
        self._output = output
        self._waiting: list[Delivery] = []

    def status(self, services: Sequence[str]) -> Told:
        """Read the matrix."""
        from tidegate.engine.views.status import matrix

        world = self._world
        wanted = tuple(world.service(name) for name in services) or tuple(world.pipeline.services.values())
        cells = [cell for row in matrix(world, wanted) for cell in row]
        faults = [cell.fault for cell in cells if cell.fault is not None][:1]  # the table has the others
        return Told(tuple(Document(documents.cell_document(cell)) for cell in cells), (*faults, *world.undiscovered))

    def why(self, service: str, target: str | None) -> Told:
        """Explain."""
        from tidegate.engine.views.explanation import explain

        world = self._world
        asked = world.service(service)
        targets = (
            [world.environment(target)] if target else [each for each in world.pipeline.environments if each.source]
        )
        found = [explain(world, asked, each) for each in targets]
        faults = tuple(fault for each in found for fault in each.faults)
        return Told(tuple(Document(documents.explanation_document(each)) for each in found), faults)

    def plan(self, service: str, target: str, version: str | None, *, separate: bool) -> Document:
        """Plan a promotion."""
        from tidegate.engine.promote import planned_promotion

        moved, into = self._world.service(service), self._world.environment(target)
        planned = planned_promotion(self._world, moved, into, version, separate=separate)
        return Document(documents.plan_document(planned))

    def promote(self, service: str, target: str, version: str | None, *, separate: bool) -> Document:
        """Promote."""
        from tidegate.engine.promote import promote

        moved, into = self._world.service(service), self._world.environment(target)
        promoted = promote(self._world, moved, into, self._talk(), version, separate=separate)
        return Document(documents.promoted_document(promoted))

    def promote_each(
        self, services: Sequence[str], target: str, *, separate: bool, dry_run: bool
    ) -> tuple[Document | TidegateError, ...]:
        """Promote several services, one merge request each."""
        from tidegate.engine.promote_each import planned_each, promote_each

        world, into = self._world, self._world.environment(target)
        found = [self._service(name) for name in services or world.pipeline.services]
        moved = [each for each in found if not isinstance(each, TidegateError)]
        done: Iterator[Document | TidegateError]
        if dry_run:
            plans = planned_each(world, moved, into, separate=separate)
            done = (_told(each, documents.plan_document) for each in plans)
        else:
            promoted = promote_each(world, moved, into, self._talk(), separate=separate)
            done = (_told(each, documents.promoted_document) for each in promoted)
        return tuple(each if isinstance(each, TidegateError) else next(done) for each in found)

    def _service(self, name: str) -> Service | TidegateError:
        try:
            return self._world.service(name)
        except TidegateError as error:
            return error

    def together(self, services: Sequence[str], target: str, *, dry_run: bool) -> Document:
        """Promote several services by one merge request."""
        from tidegate.engine.together import planned_together, promote_together

        world = self._world
        moved, into = [world.service(name) for name in services], world.environment(target)
        if dry_run:
            return Document(documents.plan_document(planned_together(world, moved, into)))
        return Document(documents.promoted_document(promote_together(world, moved, into, self._talk())))

    def services(self) -> Sequence[str]:
        """Read the pipeline."""
        return tuple(self._world.pipeline.services)

    def moving(self, service: str, target: str) -> list[tuple[str, int]]:
        """Look at the merge requests of an environment's project."""
        from tidegate.engine.views.explanation import moving_merge_requests

        world = self._world
        moved, environment = world.service(service), world.environment(target)
        world.source_of(environment)
        found = moving_merge_requests(world, moved, environment)
        return [(seen.merge_request.project, seen.merge_request.iid) for seen in found]

    def deliver(self, project: str, iid: int, *, dry_run: bool, alone: bool) -> Document:
        """Deliver; where others follow, what ends it is told in the document."""
        from tidegate.engine.deliver import Delivery, deliver_merge_request, planned_delivery

        world = self._world
        try:
            if dry_run:
                delivery = planned_delivery(world, project, iid)
            else:
                delivery = deliver_merge_request(world, project, iid, self._talk(), later=not alone)
        except TidegateError as error:
            if alone:
                raise
            delivery = Delivery(world.forge.merge_request(project, iid), error=error)
        return Document(_delivery_document(delivery, delivery.plan if dry_run else None, dry_run=dry_run))

    def survey(self) -> Told:
        """Look at all projects."""
        from tidegate.engine.survey import survey

        found: list[Document] = []
        faults: list[TidegateError] = []
        for project in sorted({each.repo for each in self._world.pipeline.environments if each.source}):
            try:
                looked = survey(self._world, project, faults.append)
            except TidegateError as error:
                faults.append(error)
                continue
            self._waiting.extend(each.delivery for each in looked if each.is_whole and not each.may_go)
            found.extend(
                Document(documents.open_document(each.delivery, whole=each.is_whole, may_go=each.may_go))
                for each in looked
            )
        return Told(tuple(found), tuple(faults))

    def show_waiting(self) -> None:
        """Tell it to the forge."""
        from tidegate.engine.deliver import show_verdicts

        show_verdicts(self._world, self._waiting, self._talk())

    def _talk(self) -> StepTalk:
        from tidegate.cli.progress import StepTalk

        return StepTalk(self._output)


def _told(each: _T | TidegateError, document: Callable[[_T], Mapping[str, Json]]) -> Document | TidegateError:
    return each if isinstance(each, TidegateError) else Document(document(each))


def _delivery_document(delivery: Delivery, plan: Plan | None, *, dry_run: bool) -> Mapping[str, Json]:
    told = documents.delivery_document(delivery, dry_run=dry_run)
    return {**told, "plan": documents.plan_document(plan) if plan else None}
