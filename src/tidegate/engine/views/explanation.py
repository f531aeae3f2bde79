"""Why: the reason why a version waits before an environment. Reads only."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from tidegate.engine.decide import decide
from tidegate.engine.observations import MergeRequestSeen
from tidegate.engine.observe_delivery import OF_ITS_COMMITS, observe_delivery
from tidegate.engine.observe_promotion import promotion_branch
from tidegate.engine.promote import planned_promotion
from tidegate.engine.views.status import Cell, look
from tidegate.engine.world import World
from tidegate.errors import TidegateError
from tidegate.model import Answer, Carry, Environment, ImageRef, MergeRequest, Service, Verdict


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why an environment has what it has of a service.

    Args:
        source: what the environment before has.
        target: what the environment has.
        merge_request: the open merge request that would move it, or None.
        verdict: what decides about that merge request, or None.
        moving: the image that it brings, with its digest; None when that can't be told.
        unread: why the open merge requests, or some of them, can't be read.
        refusal: why promoting would be refused now; None when it would not be, or is not what helps.
        changes: the very image is there, and promoting would change the manifest beside it.
    """

    source: Cell
    target: Cell
    merge_request: MergeRequest | None
    verdict: Verdict | None
    moving: ImageRef | None = None
    unread: tuple[TidegateError, ...] = ()
    refusal: TidegateError | None = None
    changes: bool = False

    @property
    def faults(self) -> tuple[TidegateError, ...]:
        """What was in the way of looking: a repository, a registry, a manifest, a merge request."""
        return tuple(fault for fault in (self.source.fault, self.target.fault, *self.unread) if fault is not None)

    @property
    def settled(self) -> bool:
        """Whether the environment has the very release of the one before, so that promoting would do nothing."""
        return self.has_image and self.refusal is None and not self.changes

    @property
    def has_image(self) -> bool:
        """Whether the environment has the image of the one before, under the same version."""
        same = self.source.digest is not None and self.source.digest == self.target.digest
        return same and self.source.version == self.target.version

    @property
    def wants_promotion(self) -> bool:
        """Whether a promotion is what it waits for: nothing brings the source's release, or something older does."""
        if self.source.digest is None or self.settled:
            return False
        return self.merge_request is None or (self.moving is not None and self.moving.digest != self.source.digest)

    @property
    def sentence(self) -> str:
        """One sentence for a person: why, and what its cluster makes of what git declares."""
        return with_clause(self._why(), self.target)

    def _why(self) -> str:
        unreadable = self._unreadable()
        if unreadable is not None:
            return unreadable
        overwritten = next((cell for cell in (self.target, self.source) if cell.overwritten), None)
        if overwritten is not None:
            return trouble(overwritten) or ""
        if self.settled:
            target, source = self.target.environment.name, self.source.environment.name
            return f"{target} has {self.target.service.name} {self.target.tag}, the newest of {source}"
        name = str(self.source.version or self.source.tag)
        if self.has_image and self.refusal is not None and self.merge_request is None:
            have = f"{self.target.environment.name} has {self.target.service.name} {self.target.tag}"
            return f"{have}; {self._advice('')}"
        return f"{name}'s changed manifest {self._obstacle()}" if self.changes else f"{name} {self._obstacle()}"

    def _unreadable(self) -> str | None:
        """Return what there is to say when source or target can't be read, or the source has nothing."""
        if self.source.digest is None:
            return trouble(self.source)
        return trouble(self.target) if self.target.digest is None and self.target.fault is not None else None

    def _advice(self, word: str) -> str:
        """Return how to promote, or why that would be refused."""
        command = f"`tidegate promote {self.target.service.name} --to {self.target.environment.name}`"
        return f"{word} {command}" if self.refusal is None else f"{command} would be refused: {self.refusal}"

    def _obstacle(self) -> str:
        """Return what the source's release waits for."""
        service, target = self.target.service.name, self.target.environment.name
        if self.merge_request is None or self.verdict is None:
            if self.unread:
                return f"waits, and not every merge request can be read: {self.unread[0]}"
            return f"waits: no merge request; {self._advice('open one with')}"
        if self.moving is not None and self.moving.digest != self.source.digest:
            return f"waits: {self.merge_request.ref} brings {self.moving.tag}; {self._advice('update it with')}"
        if not self.verdict.obstacles:
            return f"is ready: `tidegate deliver {service} --to {target}` delivers {self.merge_request.ref}"
        word = "is refused" if self.verdict.answer is Answer.NO else "waits"
        return f"{word}: {'; '.join(reason.text for reason in self.verdict.obstacles)}"


def trouble(cell: Cell) -> str | None:
    """Return what is wrong with what an environment has, in one sentence, or None."""
    service, environment = cell.service.name, cell.environment.name
    if cell.digest is None:
        if cell.fault is not None:
            return f"{environment}'s {service} can't be read: {cell.fault}"
        if cell.image is None:
            return f"{environment} has no {service} yet"
        return f"{cell.image} does not exist in the registry of {environment}"
    if cell.overwritten and cell.delivered is not None:
        held = f"{environment}'s {service} {cell.tag} holds {cell.digest.short}"
        return f"{held}, and {cell.delivered.short} was delivered: the tag was overwritten"
    return None


def has(cell: Cell) -> str:
    """Return what an environment has, or what is wrong with it, in one sentence."""
    wrong = trouble(cell)
    return with_clause(wrong or f"{cell.environment.name} has {cell.service.name} {cell.tag}", cell)


def with_clause(sentence: str, cell: Cell) -> str:
    """Return a sentence about a cell with what its cluster makes of it, where that is something else."""
    clause = cell.live.clause if cell.live else None
    return f"{sentence}; {clause}" if clause else sentence


def moving_merge_requests(
    world: World, service: Service, target: Environment, unreadable: Callable[[TidegateError], None] | None = None
) -> Iterator[MergeRequestSeen]:
    """Yield the open merge requests that move `service` to `target`, with all that decides about them.

    Args:
        unreadable: told why one can't be read, which is passed over then; None: that is raised.
    """
    for found in world.forge.merge_requests(target.repo, unreadable=unreadable):
        try:
            # What it moves is read from git. Only of those that matter is the forge asked for approvals and the rest.
            seen = observe_delivery(world, replace(found, approvals=(), recorded=()))
        except OF_ITS_COMMITS as fault:
            if unreadable is None:
                raise
            unreadable(fault)
            continue
        if moves(seen, service, target):
            seen = observe_delivery(world, world.forge.merge_request(target.repo, found.iid))
            if seen is not None and moves(seen, service, target):
                yield seen


def moves(seen: MergeRequestSeen | None, service: Service, target: Environment) -> bool:
    """Return whether a merge request moves `service` to `target`."""
    return (
        seen is not None and seen.target == target and any(one.service.name == service.name for one in seen.deliveries)
    )


def explain(world: World, service: Service, target: Environment) -> Explanation:
    """Return why `target` has what it has of `service`; what can't be read is told in it.

    Raises:
        NoSource: `target` is the first environment.
    """
    source = world.source_of(target)
    unread: list[TidegateError] = []
    moving: list[MergeRequestSeen] = []
    try:
        moving.extend(moving_merge_requests(world, service, target, unread.append))
    except TidegateError as fault:
        unread.append(fault)
    found = explained(world, look(world, service, source), look(world, service, target), moving, unread)
    # Of every cell of a resync that would be too much to ask: there, only what `carry: release` may have changed.
    return _as_planned(world, found) if found.has_image else found


def explained(
    world: World, source: Cell, target: Cell, moving: Sequence[MergeRequestSeen], unread: Sequence[TidegateError] = ()
) -> Explanation:
    """Return the explanation that follows from what was read.

    Args:
        source: what the environment before has.
        target: what the environment has.
        moving: the open merge requests that move it.
        unread: why merge requests can't be read.
    """
    service = target.service
    branch = promotion_branch(service, target.environment)
    # Of several, Tidegate's own tells more than one made by hand.
    chosen = next(
        (seen for seen in moving if seen.merge_request.source_branch == branch), moving[0] if moving else None
    )
    explanation = Explanation(
        source=source,
        target=target,
        merge_request=chosen.merge_request if chosen else None,
        verdict=decide(chosen) if chosen else None,
        moving=_moving(chosen, service) if chosen else None,
        unread=tuple(unread),
    )
    is_asked = service.carry is Carry.RELEASE if explanation.has_image else explanation.wants_promotion
    return _as_planned(world, explanation) if is_asked else explanation


def _as_planned(world: World, explanation: Explanation) -> Explanation:
    """Return `explanation` with what `promote` would say now: an advice that leads to an error is none."""
    try:
        plan = planned_promotion(world, explanation.target.service, explanation.target.environment)
    except TidegateError as refused:
        return replace(explanation, refusal=refused)
    return replace(explanation, changes=explanation.has_image and bool(plan.diff))


def _moving(seen: MergeRequestSeen, service: Service) -> ImageRef | None:
    return next((each.target_image for each in seen.deliveries if each.service.name == service.name), None)
