"""The board: services × environments as values, each cell with its state and the sentence of `tidegate why`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import Enum
from typing import Final

from tidegate.engine.live import Live, LiveState
from tidegate.engine.views.explanation import Explanation, has, trouble
from tidegate.engine.views.status import Cell
from tidegate.errors import Blocked, Pending, TidegateError
from tidegate.model import Answer, MergeRequest, Promote, Reason
from tidegate.model.key import ServiceKey

_BY_ITSELF: Final = frozenset({"soak"})
"""Gates that open as time passes. All others that wait, wait for a person."""


class BoardState(Enum):
    """What a cell waits for."""

    SETTLED = "settled"
    """It has what its source has; or there is nothing yet."""
    WAITING = "waiting"
    """For a person: an approval, or somebody who promotes."""
    BLOCKED = "blocked"
    """Something must be put right first."""
    MOVING = "moving"
    """It comes by itself: being delivered, or time must pass."""
    DRIFTED = "drifted"
    """The tag holds another image than was delivered."""
    UNKNOWN = "unknown"
    """It can't be read."""


_FLUX: Final = {
    LiveState.NOT_APPLIED: BoardState.MOVING,
    LiveState.ROLLING_OUT: BoardState.MOVING,
    LiveState.SUSPENDED: BoardState.WAITING,
    LiveState.FAILED: BoardState.BLOCKED,
    LiveState.MISSING: BoardState.BLOCKED,
}
"""How far Flux is → what that waits for."""


@dataclass(frozen=True, slots=True)
class Gap:
    """How far an environment is behind the one before.

    Args:
        versions: how many releases of the source it has not had.
        since: when the source got the first of them (UTC).
    """

    versions: int
    since: datetime


@dataclass(frozen=True, slots=True)
class MergeRequestLink:
    """The open merge request that would move a cell.

    Args:
        ref: `project!iid`.
        title: one line.
        url: where a person looks at it, or None.
    """

    ref: str
    title: str
    url: str | None

    @classmethod
    def of(cls, found: MergeRequest) -> MergeRequestLink:
        """Return the link to `found`."""
        return cls(found.ref, found.title, found.web_url)


@dataclass(frozen=True, slots=True)
class Fault:
    """What was in the way of looking or of delivering: an error as a value.

    Args:
        code: the error's.
        what: where and what, for a person.
        hint: what to do, or None.
        waits: nothing failed: what was to be done waits for somebody, or for the forge.
    """

    code: str
    what: str
    hint: str | None
    waits: bool = False

    @classmethod
    def of(cls, error: TidegateError) -> Fault:
        """Return `error` as a value."""
        return cls(error.code, str(error), error.hint, isinstance(error, (Blocked, Pending)))


@dataclass(frozen=True, slots=True)
class BoardCell:
    """One service in one environment.

    Args:
        service: its name.
        environment: its name.
        state: what it waits for.
        sentence: why, as `tidegate why` says it.
        version: the release version, where the tag is written as the environment's pattern says.
        tag: the tag that the branch declares which Flux reads; None when nothing is declared.
        digest: what the registry holds under it, or None.
        since: when it came (UTC).
        actor: who brought it.
        brought_by: the merge request that brought it, as its commit says.
        merge_request: the open one that would move it, or None.
        moving: the tag that it brings, or None.
        reasons: what every gate says of the open one, in reading order.
        gap: how far it is behind; None when it is not, or that can't be told.
        faults: what could not be read, and why the last delivery failed.
        failure: why the last delivery or promotion failed, which is one of them; or None.
        live: how far Flux is with what is declared; None where nobody looks.
    """

    service: str
    environment: str
    state: BoardState
    sentence: str
    version: str | None = None
    tag: str | None = None
    digest: str | None = None
    since: datetime | None = None
    actor: str | None = None
    brought_by: str | None = None
    merge_request: MergeRequestLink | None = None
    moving: str | None = None
    reasons: tuple[Reason, ...] = ()
    gap: Gap | None = None
    faults: tuple[Fault, ...] = ()
    failure: Fault | None = None
    live: Live | None = None

    @property
    def shown(self) -> BoardState:
        """What the whole of it waits for: where promotion has done its part, it is Flux's turn."""
        if self.state is not BoardState.SETTLED or self.live is None:
            return self.state
        return _FLUX.get(self.live.state, self.state)

    @property
    def key(self) -> ServiceKey:
        """What is to be looked at to renew it."""
        return ServiceKey(self.service, self.environment)


@dataclass(frozen=True, slots=True)
class Board:
    """All cells.

    Args:
        environments: names in order.
        rows: service → its cells by environment, without those that nobody has looked at yet; services by name.
    """

    environments: tuple[str, ...] = ()
    rows: Mapping[str, Mapping[str, BoardCell]] = field(default_factory=dict)

    def cell(self, key: ServiceKey) -> BoardCell | None:
        """Return one cell, or None."""
        return self.rows.get(key.service, {}).get(key.environment)


def first_cell(cell: Cell) -> BoardCell:
    """Return the cell of the first environment, to which nothing is promoted."""
    wrong = trouble(cell)
    if cell.fault is not None:
        state = BoardState.UNKNOWN
    elif cell.overwritten:
        state = BoardState.DRIFTED
    else:
        state = BoardState.SETTLED if wrong is None or cell.image is None else BoardState.BLOCKED
    faults = (Fault.of(cell.fault),) if cell.fault else ()
    return _cell(cell, state, has(cell), faults)


def unlooked_cell(cell: Cell, found: MergeRequest) -> BoardCell:
    """Return the cell of an environment to which `found` moves something, whose approvals nobody has looked at yet."""
    sentence = f"{found.ref} is being looked at"
    faults = (Fault.of(cell.fault),) if cell.fault else ()
    return replace(_cell(cell, BoardState.UNKNOWN, sentence, faults), merge_request=MergeRequestLink.of(found))


def board_cell(explanation: Explanation, gap: Gap | None, failure: Fault | None = None) -> BoardCell:
    """Return the cell of an environment that is promoted to.

    Args:
        explanation: what `tidegate why` says.
        gap: how far it is behind.
        failure: why its delivery or its promotion failed just now, or None.
    """
    faults = (*map(Fault.of, explanation.faults), *((failure,) if failure else ()))
    found, verdict = explanation.merge_request, explanation.verdict
    return replace(
        _cell(explanation.target, state_of(explanation), explanation.sentence, faults),
        merge_request=MergeRequestLink.of(found) if found else None,
        moving=explanation.moving.tag if explanation.moving else None,
        reasons=verdict.reasons if verdict else (),
        gap=gap,
        failure=failure,
    )


def state_of(explanation: Explanation) -> BoardState:
    """Return what an environment waits for."""
    source, target = explanation.source, explanation.target
    if target.overwritten:
        return BoardState.DRIFTED
    if any(cell.digest is None and cell.fault is not None for cell in (source, target)):
        return BoardState.UNKNOWN
    if source.image is None or explanation.settled:
        return BoardState.SETTLED
    if source.digest is None or source.overwritten:
        return BoardState.BLOCKED
    if explanation.merge_request is None and explanation.unread:
        return BoardState.UNKNOWN
    return _unsettled(explanation)


def _unsettled(explanation: Explanation) -> BoardState:
    if explanation.wants_promotion:
        if explanation.refusal is not None:
            return BoardState.BLOCKED
        is_auto = explanation.target.environment.promote is Promote.AUTO
        return BoardState.MOVING if is_auto else BoardState.WAITING
    verdict = explanation.verdict
    if verdict is None or verdict.answer is Answer.GO:
        return BoardState.MOVING
    if verdict.answer is Answer.NO:
        return BoardState.BLOCKED
    by_itself = all(reason.gate in _BY_ITSELF for reason in verdict.obstacles)
    return BoardState.MOVING if by_itself else BoardState.WAITING


def _cell(cell: Cell, state: BoardState, sentence: str, faults: tuple[Fault, ...]) -> BoardCell:
    return BoardCell(
        service=cell.service.name,
        environment=cell.environment.name,
        state=state,
        sentence=sentence,
        version=str(cell.version) if cell.version else None,
        tag=cell.tag,
        digest=str(cell.digest) if cell.digest else None,
        since=cell.since,
        actor=cell.actor,
        brought_by=cell.merge_request,
        faults=faults,
        live=cell.live,
    )
