"""A board with every state on it, as values; and one with as many services as are wanted."""

from __future__ import annotations

from datetime import timedelta

from tidegate.engine.views.board import Board, BoardCell, BoardState, Fault, Gap, MergeRequestLink
from tidegate.model import Answer, Reason
from tidegate.server.board_store import BoardStore
from tidegate.testing.clock import START

ENVIRONMENTS = ("dev", "e2e", "staging", "production")
NOW = START
FORGE = "https://gitlab.example.com"


def settled(service: str, environment: str, tag: str | None, age: timedelta) -> BoardCell:
    version = tag.partition("-rc")[0] if tag else None
    sentence = f"{environment} has {service} {tag}" if tag else f"{environment} has no {service} yet"
    return BoardCell(
        service=service,
        environment=environment,
        state=BoardState.SETTLED,
        sentence=sentence,
        version=version,
        tag=tag,
        since=NOW - age if tag else None,
    )


def waiting_for_approval(service: str = "checkout") -> BoardCell:
    """Return a cell of production that waits for SRE and for time."""
    ref = "platform/gitops-production!482"
    reasons = (
        Reason("state", Answer.GO, f"{ref} is open", evidence=ref),
        Reason("approvals", Answer.WAIT, f"{ref} needs 1 approval from group:platform/sre", evidence=ref),
        Reason("soak", Answer.WAIT, "1.8.2 has been in staging for 6 h, and 24 h are asked for", evidence="1.8.2"),
        Reason("target image", Answer.GO, "it is not there yet: it will be copied", evidence="prd.example/checkout"),
    )
    return BoardCell(
        service=service,
        environment="production",
        state=BoardState.WAITING,
        sentence=f"1.8.2 waits: {reasons[1].text}; {reasons[2].text}",
        version="1.7.9",
        tag="1.7.9",
        since=NOW - timedelta(days=9),
        merge_request=MergeRequestLink(
            ref, "Promote checkout 1.8.2", f"{FORGE}/platform/gitops-production/-/merge_requests/482"
        ),
        moving="1.8.2",
        reasons=reasons,
        gap=Gap(3, NOW - timedelta(days=2, hours=4)),
    )


def _unsettled(service: str, environment: str, state: BoardState, sentence: str, **more: object) -> BoardCell:
    return BoardCell(service=service, environment=environment, state=state, sentence=sentence, **more)  # type: ignore[arg-type]


def scene() -> tuple[BoardCell, ...]:
    """Return the cells of six services: every state, a first promotion, a cell that nobody has looked at."""
    day, hour = timedelta(days=1), timedelta(hours=1)
    ago = {"since": NOW - 5 * day}
    return (
        settled("catalog", "dev", "2.4.0", 40 * timedelta(minutes=1)),
        _unsettled(
            "catalog",
            "e2e",
            BoardState.WAITING,
            "2.4.0 waits: no merge request; open one with `tidegate promote catalog --to e2e`",
            version="2.3.7",
            tag="2.3.7-rc1",
            gap=Gap(1, NOW - 40 * timedelta(minutes=1)),
            **ago,
        ),
        settled("catalog", "staging", "2.3.7", 4 * day),
        settled("catalog", "production", "2.3.7", 3 * day),
        settled("checkout", "dev", "1.8.2", 2 * day + 4 * hour),
        settled("checkout", "e2e", "1.8.2-rc2", 2 * day),
        settled("checkout", "staging", "1.8.2", 6 * hour),
        waiting_for_approval(),
        settled("inventory", "dev", "1.1.4", 3 * hour),
        _unsettled(
            "inventory",
            "e2e",
            BoardState.MOVING,
            "1.1.4 is ready: `tidegate deliver inventory --to e2e` delivers platform/gitops!77",
            version="1.1.3",
            tag="1.1.3-rc2",
            moving="1.1.4-rc1",
            merge_request=MergeRequestLink("platform/gitops!77", "Promote inventory 1.1.4-rc1 to e2e", None),
            gap=Gap(1, NOW - 3 * hour),
            **ago,
        ),
        settled("inventory", "staging", "1.1.3", 5 * day),
        settled("inventory", "production", "1.1.3", 4 * day),
        settled("orders", "dev", "3.0.1", 11 * day),
        settled("orders", "e2e", "3.0.1-rc1", 11 * day),
        _unsettled(
            "orders",
            "staging",
            BoardState.DRIFTED,
            "staging's orders 3.0.1 holds 5d41402abc4b, and dfd45bc62e2e was delivered: the tag was overwritten",
            version="3.0.1",
            tag="3.0.1",
            since=NOW - 10 * day,
        ),
        _unsettled(
            "orders",
            "production",
            BoardState.BLOCKED,
            "3.0.1 waits: no merge request; `tidegate promote orders --to production` would be refused: "
            "prd.example/orders:3.0.1 holds 5d41402abc4b now, and staging was given dfd45bc62e2e",
            version="2.9.4",
            tag="2.9.4",
            since=NOW - 31 * day,
            gap=Gap(2, NOW - 10 * day),
        ),
        settled("payments", "dev", "0.2.0", 8 * hour),
        settled("payments", "e2e", "0.2.0-rc1", 7 * hour),
        _unsettled(
            "payments",
            "staging",
            BoardState.WAITING,
            "0.2.0 waits: no merge request; open one with `tidegate promote payments --to staging`",
        ),
        settled("payments", "production", None, day),
        settled("search", "dev", "5.12.0", day),
        settled("search", "e2e", "5.12.0-rc1", 20 * hour),
        _unsettled(
            "search",
            "staging",
            BoardState.UNKNOWN,
            "staging's search can't be read: prd.example: connection refused",
            tag="5.11.3",
            since=NOW - 6 * day,
            faults=(Fault("registry/unreachable", "prd.example: connection refused", "is it up?"),),
        ),
    )


def store_of(*cells: BoardCell) -> BoardStore:
    """Return a store that has these cells."""
    store = BoardStore()
    store.arrange(ENVIRONMENTS, {cell.service for cell in cells}, store.look())
    store.renew(cells, store.look())
    return store


def board() -> Board:
    """Return the scene's board."""
    return store_of(*scene()).snapshot.board


def crowd(services: int) -> tuple[BoardCell, ...]:
    """Return four cells for each of many services; every fifth has one that waits, with a sentence."""
    cells: list[BoardCell] = []
    for number in range(services):
        name = f"service-{number:04}"
        last = (
            waiting_for_approval(name) if number % 5 == 0 else settled(name, "production", "1.4.2", timedelta(days=4))
        )
        cells += (
            settled(name, "dev", "1.4.2", timedelta(hours=number % 40)),
            settled(name, "e2e", "1.4.2-rc1", timedelta(hours=number % 40)),
            settled(name, "staging", "1.4.2", timedelta(days=1)),
            last,
        )
    return tuple(cells)
