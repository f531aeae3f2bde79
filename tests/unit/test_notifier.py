"""Telling people what is new on a board: without storms, and without holding anybody up."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import pytest

from support.configs import load_text
from support.road_texts import Settings
from support.until import PATIENCE, until
from tidegate.config.notify_settings import NotifyTarget
from tidegate.engine.views.board import BoardCell, BoardState, Fault, MergeRequestLink
from tidegate.errors.notify import MessageNotTaken
from tidegate.errors.queue import QueueUnreachable
from tidegate.model import Answer, Pipeline, Reason
from tidegate.model.notice import NoticeEvent, Tone
from tidegate.server.board_store import BoardStore
from tidegate.server.notices.claims import OwnClaims, Turn
from tidegate.server.notices.notifier import Notifier, Notifying
from tidegate.server.notices.sender import Pace
from tidegate.testing.messages import FakeTarget

QUICK = Pace(gather=0.05, attempts=3, pause=lambda _attempt, _jitter: 0.01)
NOW_AND_THEN = timedelta(hours=1)
SOON = timedelta(milliseconds=400)


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    return load_text(Path(tmp_path_factory.mktemp("world")), Settings().text).pipeline


@dataclass
class Square:
    """A board, and targets that hear of it."""

    pipeline: Pipeline
    targets: tuple[NotifyTarget, ...] = (NotifyTarget("sre", every=SOON),)
    pace: Pace = QUICK
    services: tuple[str, ...] = ("shop", "stock")
    board: BoardStore = field(default_factory=BoardStore)
    counted: Counter[tuple[str, str, str]] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.rooms = {each.name: FakeTarget() for each in self.targets}
        self.board.arrange([each.name for each in self.pipeline.environments], self.services, self.board.look())

    @property
    def room(self) -> FakeTarget:
        return self.rooms[self.targets[0].name]

    def see(self, *cells: BoardCell) -> None:
        self.board.renew(cells, self.board.look())

    def count(self, event: NoticeEvent, target: str, outcome: str, number: int) -> None:
        self.counted[event.value, target, outcome] += number

    def notifier(self, claims: OwnClaims | None = None) -> Notifier:
        pairs = [(each, self.rooms[each.name]) for each in self.targets]
        notifying = Notifying(pairs, lambda text: text.replace("hunter22", "[hidden]"), claims or OwnClaims())
        return Notifier(replace(notifying, pace=self.pace), self.pipeline, self.count)

    @contextmanager
    def listened_to(
        self, claims: OwnClaims | None = None, seen: Iterable[Sequence[BoardCell]] = ()
    ) -> Iterator[Notifier]:
        """Have people told of what the board shows from now on; of all that is `seen` at once."""
        notifier = self.notifier(claims)
        with self.board.subscribed(notifier.heard):
            for cells in seen:
                self.see(*cells)
            notifier.start()
            try:
                yield notifier
            finally:
                for room in self.rooms.values():
                    room.free.set()
                assert notifier.stop(PATIENCE)


def has(service: str = "shop", environment: str = "staging", tag: str = "1.0.0") -> BoardCell:
    sentence = f"{environment} has {service} {tag}"
    return BoardCell(service, environment, BoardState.SETTLED, sentence, tag, tag, f"sha256:{tag}")


def waits(service: str = "shop", environment: str = "staging", iid: int = 4) -> BoardCell:
    text = f"platform/live!{iid} needs 1 approval from group:sre"
    return replace(
        has(service, environment),
        state=BoardState.WAITING,
        sentence=f"1.1.0 waits: {text}",
        merge_request=MergeRequestLink(f"platform/live!{iid}", "Promote", None),
        moving="1.1.0",
        reasons=(Reason("approvals", Answer.WAIT, text, hint="ask group:sre"),),
    )


def fails(what: str = "prd.example: denied", service: str = "shop") -> BoardCell:
    fault = Fault("registry/denied", what, "give the right to push")
    approved = (Reason("approvals", Answer.GO, "approved by sam"),)
    return replace(waits(service), state=BoardState.MOVING, reasons=approved, failure=fault, faults=(fault,))


def test_a_thousand_changes_at_once_are_one_message(pipeline: Pipeline) -> None:
    names = tuple(f"service-{number:04}" for number in range(1000))
    square = Square(pipeline, (NotifyTarget("sre", every=NOW_AND_THEN),), services=names)
    square.see(*map(has, names))
    with square.listened_to():
        square.see(*map(has, names))
        square.see(*(replace(has(name), since=None, actor="alice") for name in names))
        for number, name in enumerate(names):
            square.see(waits(name, iid=number))
        until(lambda: square.room.got)
    first = square.room.got[0]
    assert len(square.room.got) <= 2, "the second is what came while the first was put together"
    told = sum(int(each.title.split()[0]) for each in square.room.got)
    assert told == 1000
    assert first.title.endswith("promotions opened")
    assert len(first.body.splitlines()) < 30
    assert square.counted["opened", "sre", "sent"] == square.counted["waiting", "sre", "sent"] == 1000


def test_after_a_restart_nothing_is_told_again(pipeline: Pipeline) -> None:
    square = Square(pipeline)
    with square.listened_to():
        square.see(has(), has("stock"))
        square.see(waits(), waits("stock", iid=5))
        square.see(fails())
        until(lambda: square.counted["failed", "sre", "sent"] == 1)
    before = list(square.room.got)
    again = Square(pipeline)
    with again.listened_to():
        # What a first resync sees of an open merge request, then what its own key sees.
        unlooked = replace(waits(), state=BoardState.UNKNOWN, reasons=(), moving=None)
        again.see(unlooked, waits("stock", iid=5))
        again.see(fails())
        again.see(waits("stock", iid=5))
        again.see(has(tag="1.1.0"))
        until(lambda: again.room.got)
    assert [each.title for each in again.room.got] == ["shop 1.1.0 to staging: delivered"]
    assert again.room.got[0].tone is Tone.SUCCESS
    assert before, "there was something that could have been told again"


def test_what_comes_between_two_messages_is_put_together(pipeline: Pipeline) -> None:
    square = Square(pipeline, (NotifyTarget("sre", every=timedelta(seconds=2)),))
    with square.listened_to():
        square.see(has(), has("stock"))
        began = time.monotonic()
        square.see(waits())
        until(lambda: len(square.room.got) == 1)
        square.see(waits("stock", iid=5))
        square.see(fails())
        until(lambda: len(square.room.got) == 2)
        assert time.monotonic() - began >= 2
    assert square.room.got[1].title == "1 failed, 1 promotion opened"


def test_what_is_over_before_it_is_told_is_not_told(pipeline: Pipeline) -> None:
    square = Square(pipeline)
    with square.listened_to(seen=[[has()], [waits()], [fails()], [has(tag="1.1.0")]]):
        until(lambda: square.room.got)
    assert [each.title for each in square.room.got] == ["shop 1.1.0 to staging: delivered"]
    assert square.counted["failed", "sre", "over"] == 1


def test_the_same_is_told_once_though_it_comes_again(pipeline: Pipeline) -> None:
    square, claims = Square(pipeline), OwnClaims()
    with square.listened_to(claims):
        square.see(has())
        for _ in range(5):
            square.see(fails())
            square.see(waits())
        until(lambda: square.room.got)
    with square.listened_to(claims):  # another process that shares the claims, and saw the same
        square.see(has())
        square.see(fails())
        square.see(has("stock"))
        square.see(waits("stock", iid=5))
        until(lambda: square.counted["opened", "sre", "sent"] == 2)
    assert square.counted["failed", "sre", "sent"] == 1


def test_a_target_hears_of_what_it_wants(pipeline: Pipeline) -> None:
    targets = (
        NotifyTarget("staging", environments=frozenset({"staging"}), every=SOON),
        NotifyTarget("stock", services=("sto*",), every=SOON),
        NotifyTarget("failures", events=frozenset({NoticeEvent.FAILED}), every=SOON),
    )
    square = Square(pipeline, targets)
    with square.listened_to():
        square.see(*(has(service, where) for service in square.services for where in ("dev", "staging", "production")))
        square.see(waits("stock", "production"), has("stock", "dev", "1.1.0"))
        square.see(waits("shop", "staging", iid=5))
        square.see(fails())
        until(lambda: all(room.got for room in square.rooms.values()))
    said = {name: " | ".join(each.title for each in room.got) for name, room in square.rooms.items()}
    assert "shop" in said["staging"] or "1 failed" in said["staging"]
    assert "production" not in said["staging"]
    assert said["stock"] == "stock 1.1.0 to production: promotion opened"
    assert said["failures"] == "shop 1.1.0 to staging: failed"


def test_of_the_first_environment_nothing_is_told(pipeline: Pipeline) -> None:
    square = Square(pipeline)
    with square.listened_to():
        square.see(has("shop", "dev"))
        square.see(has("shop", "dev", "1.1.0"))
    assert square.room.got == []


def test_a_target_that_fails_is_tried_again_and_then_dropped_with_one_line(
    pipeline: Pipeline, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "tidegate")
    square = Square(pipeline)
    square.room.failures = [MessageNotTaken("no answer", where="server.notify.sre") for _ in range(4)]
    with square.listened_to():
        square.see(has())
        square.see(waits())
        until(lambda: square.counted["opened", "sre", "dropped"] == 1)
        assert square.room.got == []
        square.see(fails())  # is refused once, and taken
        until(lambda: square.room.got)
    assert [each.title for each in square.room.got] == ["shop 1.1.0 to staging: failed"]
    lines = [each.getMessage() for each in caplog.records if each.levelno >= logging.WARNING]
    assert lines == ["2 notices are dropped: server.notify.sre: no answer"]


def test_a_target_that_hangs_holds_up_nobody(pipeline: Pipeline) -> None:
    slow, quick = NotifyTarget("slow", every=SOON), NotifyTarget("quick", every=SOON)
    square = Square(pipeline, (slow, quick))
    square.rooms["slow"].free.clear()
    with square.listened_to() as notifier:
        square.see(has(), has("stock"))
        square.see(waits())
        until(lambda: square.rooms["quick"].got)
        began = time.monotonic()
        for number in range(200):
            square.see(waits("stock", iid=number))
        assert time.monotonic() - began < PATIENCE
        assert not notifier.stop(0.2)
        assert time.monotonic() - began < PATIENCE
    assert square.rooms["slow"].got, "it was told in the end"


def test_what_waits_to_be_told_is_told_when_the_process_ends(pipeline: Pipeline) -> None:
    square = Square(pipeline, (NotifyTarget("sre", every=NOW_AND_THEN),), pace=replace(QUICK, gather=3600))
    with square.listened_to():
        square.see(has())
        square.see(waits())
    assert [each.title for each in square.room.got] == ["shop 1.1.0 to staging: promotion opened"]


def test_of_more_than_fit_only_the_number_is_told(pipeline: Pipeline) -> None:
    names = tuple(f"service-{number}" for number in range(50))
    opened = NotifyTarget("sre", events=frozenset({NoticeEvent.OPENED}), every=SOON)
    square = Square(pipeline, (opened,), pace=replace(QUICK, most=20), services=names)
    wait = [waits(name, iid=number) for number, name in enumerate(names)]
    with square.listened_to(seen=[[*map(has, names)], wait]):
        until(lambda: square.room.got)
    assert [each.title for each in square.room.got] == ["50 promotions opened"]
    assert square.room.got[0].body.splitlines()[-1] == "… and 40 more"
    assert square.counted == {("opened", "sre", "sent"): 10, ("opened", "sre", "dropped"): 40}


def test_no_secret_is_told(pipeline: Pipeline) -> None:
    square = Square(pipeline)
    with square.listened_to():
        square.see(has())
        square.see(fails("https://robot:hunter22@prd.example: denied"))
        until(lambda: square.room.got)
    assert "hunter22" not in str(square.room.got)
    assert "[hidden]@prd.example" in square.room.got[0].body


def test_a_bug_in_one_message_does_not_end_the_next(pipeline: Pipeline, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "tidegate")
    square = Square(pipeline, pace=replace(QUICK, attempts=1))
    square.room.send = broken = Broken(square.room.send)  # type: ignore[method-assign]
    with square.listened_to():
        square.see(has())
        square.see(waits())
        until(lambda: broken.calls)
        square.see(fails())
        until(lambda: square.room.got)
    assert any(each.exc_info for each in caplog.records)


def test_while_the_database_is_away_nothing_is_dropped(pipeline: Pipeline, caplog: pytest.LogCaptureFixture) -> None:
    square, claims = Square(pipeline), Away(5)
    with square.listened_to(claims):
        square.see(has())
        square.see(waits())
        until(lambda: square.room.got)
    assert claims.asked == 6, "more often than a message is tried"
    claims = Away(1000)
    with square.listened_to(claims):
        square.see(has())
        square.see(fails())
        until(lambda: claims.asked > 5)
    (line,) = [each.getMessage() for each in caplog.records if each.levelno >= logging.WARNING]
    assert line == "2 notices are dropped: PostgreSQL is away", "when the process ended"


class Away(OwnClaims):
    """Claims that can't be asked for so many times."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self.times = times
        self.asked = 0

    @contextmanager
    def turn(self, target: str, every: timedelta, identities: Sequence[str], *, last: bool = False) -> Iterator[Turn]:
        self.asked += 1
        if self.asked <= self.times:
            raise QueueUnreachable("PostgreSQL is away")
        with super().turn(target, every, identities, last=last) as turn:
            yield turn


@dataclass
class Broken:
    """Breaks at its first call."""

    send: Callable[..., None]
    calls: int = 0

    def __call__(self, message: object) -> None:
        self.calls += 1
        if self.calls == 1:
            raise ZeroDivisionError
        self.send(message)


def test_a_service_that_is_gone_is_forgotten(pipeline: Pipeline) -> None:
    square = Square(pipeline)
    with square.listened_to():
        square.see(has())
        square.board.arrange([each.name for each in pipeline.environments], ["stock"], square.board.look())
        square.board.arrange([each.name for each in pipeline.environments], ["shop"], square.board.look())
        square.see(waits())
    assert square.room.got == [], "what is seen of it first is what it begins with"
