"""What is told of a cell: pure decisions from what is known and what is seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pytest

from tidegate.engine.views.board import BoardCell, BoardState, Fault, MergeRequestLink
from tidegate.engine.views.notices import Known, news
from tidegate.errors.forge import MergeBlocked
from tidegate.errors.http import HostUnreachable
from tidegate.model import Answer, Reason
from tidegate.model.notice import Notice, NoticeEvent

OPEN = Reason("state", Answer.GO, "platform/live!4 is open")
WAITS = Reason(
    "approvals",
    Answer.WAIT,
    "platform/live!4 needs 2 approvals from group:ops",
    hint="ask group:ops to approve platform/live!4",
)
WAITS_STILL = replace(WAITS, text="platform/live!4 needs 1 more approval from group:ops")
APPROVED = Reason("approvals", Answer.GO, "approved by alice, bob")
DRAFT = Reason("state", Answer.WAIT, "platform/live!4 is a draft", hint="mark it as ready")
SOAKS = Reason("soak", Answer.WAIT, "has been in e2e for 1 h of 24 h")
REFUSED = Reason("origin", Answer.NO, "the image is not from e2e", hint="promote again", code="release/other-registry")
DENIED = Fault("registry/denied", "live.example: denied after 3 s", "give the account the right to push")
DENIED_LATER = replace(DENIED, what="live.example: denied after 17 s")
NO_ROOM = Fault("registry/no-room", "live.example: no room", None)

HAS = BoardCell(
    "shop",
    "live",
    BoardState.SETTLED,
    "live has shop 1.0.0, the newest of dev",
    version="1.0.0",
    tag="1.0.0",
    digest="sha256:aa",
    since=datetime(2024, 1, 1, tzinfo=UTC),
    actor="alice",
    brought_by="platform/live!3",
)
WANTS = replace(HAS, state=BoardState.WAITING, sentence="1.1.0 waits: no merge request")


def proposed(*reasons: Reason, iid: int = 4, moving: str = "1.1.0", failure: Fault | None = None) -> BoardCell:
    answers = {reason.answer for reason in reasons}
    state = BoardState.WAITING if Answer.WAIT in answers else BoardState.MOVING
    return replace(
        HAS,
        state=BoardState.BLOCKED if Answer.NO in answers else state,
        sentence="1.1.0 waits: " + "; ".join(reason.text for reason in reasons),
        merge_request=MergeRequestLink(f"platform/live!{iid}", "Promote", f"https://forge.example/{iid}"),
        moving=moving,
        reasons=reasons,
        failure=failure,
        faults=(failure,) if failure else (),
    )


UNLOOKED = replace(proposed(OPEN), state=BoardState.UNKNOWN, reasons=(), moving=None)
UNREADABLE = replace(HAS, state=BoardState.UNKNOWN, tag=None, digest=None, brought_by=None, faults=(NO_ROOM,))
NO_ANSWER = replace(HAS, state=BoardState.UNKNOWN, digest=None, faults=(NO_ROOM,))
HAS_NEW = replace(HAS, version="1.1.0", tag="1.1.0", digest="sha256:bb", brought_by="platform/live!4", actor="bob")


def on_new(cell: BoardCell) -> BoardCell:
    """Return the cell of an environment that has the new release already."""
    return replace(cell, tag=HAS_NEW.tag, digest=HAS_NEW.digest, brought_by=HAS_NEW.brought_by)


WAITING, GOES = proposed(OPEN, WAITS), proposed(OPEN, APPROVED)
OPENED, WAITED, FAILED, DELIVERED = (
    NoticeEvent.OPENED,
    NoticeEvent.WAITING,
    NoticeEvent.FAILED,
    NoticeEvent.DELIVERED,
)


def told(looks: Sequence[BoardCell]) -> list[list[NoticeEvent]]:
    """Return what each look tells."""
    known: Known | None = None
    events = []
    for cell in looks:
        known, notices = news(known, cell)
        events.append([each.event for each in notices])
    return events


@dataclass(frozen=True, slots=True)
class Course:
    """Looks at a cell, and what each of them tells."""

    name: str
    looks: tuple[BoardCell, ...]
    tells: tuple[list[NoticeEvent], ...]


COURSES = [
    Course("the whole road", (HAS, WANTS, WAITING, GOES, HAS_NEW), ([], [], [OPENED, WAITED], [], [DELIVERED])),
    Course("the same is told once", (WANTS, WAITING, WAITING, WAITING), ([], [OPENED, WAITED], [], [])),
    Course("one approval of two is there", (WAITING, proposed(OPEN, WAITS_STILL)), ([], [WAITED])),
    Course("an approval was withdrawn", (WAITING, GOES, WAITING), ([], [], [WAITED])),
    Course("it brings something newer", (WAITING, proposed(OPEN, WAITS, moving="1.2.0")), ([], [WAITED])),
    Course("another merge request", (WAITING, proposed(OPEN, WAITS, iid=5)), ([], [OPENED, WAITED])),
    Course("closed and opened again", (WAITING, WANTS, WAITING), ([], [], [])),
    Course("a draft asks nobody yet", (WANTS, proposed(DRAFT, WAITS), WAITING), ([], [OPENED], [WAITED])),
    Course("time alone is no person", (WANTS, proposed(OPEN, SOAKS)), ([], [OPENED])),
    Course("time and a person", (WANTS, proposed(OPEN, WAITS, SOAKS)), ([], [OPENED, WAITED])),
    Course("what waited at the first look", (WAITING, WAITING), ([], [])),
    Course("... and was judged later", (UNLOOKED, WAITING, proposed(OPEN, WAITS_STILL)), ([], [], [WAITED])),
    Course(
        "... beside another that was open, too", (UNLOOKED, proposed(OPEN, WAITS, iid=5), WAITING), ([], [], [WAITED])
    ),
    Course(
        "delivered before it was judged, and the next one opened",
        (UNLOOKED, HAS_NEW, on_new(proposed(OPEN, WAITS, iid=5, moving="1.2.0"))),
        ([], [DELIVERED], [OPENED, WAITED]),
    ),
    Course(
        "... both seen at one look",
        (UNLOOKED, on_new(proposed(OPEN, WAITS, iid=5, moving="1.2.0"))),
        ([], [DELIVERED, OPENED, WAITED]),
    ),
    Course(
        "closed before it was judged, and the next one opened",
        (UNLOOKED, WANTS, proposed(OPEN, WAITS, iid=5)),
        ([], [], [OPENED, WAITED]),
    ),
    Course("opened, and judged later", (WANTS, UNLOOKED, WAITING), ([], [], [OPENED, WAITED])),
    Course("delivered right after the first look", (GOES, HAS_NEW), ([], [DELIVERED])),
    Course("the first release of all", (replace(HAS, tag=None, digest=None), HAS_NEW), ([], [DELIVERED])),
    Course("declared, and not there", (WAITING, replace(HAS_NEW, digest=None), HAS_NEW), ([], [], [DELIVERED])),
    Course("rolled back", (HAS_NEW, HAS), ([], [DELIVERED])),
    Course("overwritten is not delivered", (HAS, replace(HAS, digest="sha256:cc")), ([], [])),
    Course("nothing can be read, and then all", (WAITING, UNREADABLE, WAITING), ([], [], [])),
    Course("nothing could be read at first", (UNREADABLE, WAITING, GOES, HAS_NEW), ([], [], [], [DELIVERED])),
    Course("a registry is silent for a moment", (HAS, NO_ANSWER, HAS), ([], [], [])),
    Course("fails", (WAITING, proposed(OPEN, APPROVED, failure=DENIED)), ([], [FAILED])),
    Course(
        "fails again and again",
        (WAITING, *(proposed(OPEN, APPROVED, failure=each) for each in (DENIED, DENIED_LATER, DENIED))),
        ([], [FAILED], [], []),
    ),
    Course(
        "is tried again, and fails again",
        (WAITING, proposed(OPEN, APPROVED, failure=DENIED), GOES, proposed(OPEN, APPROVED, failure=DENIED)),
        ([], [FAILED], [], []),
    ),
    Course(
        "fails otherwise",
        (WAITING, proposed(OPEN, APPROVED, failure=DENIED), proposed(OPEN, APPROVED, failure=NO_ROOM)),
        ([], [FAILED], [FAILED]),
    ),
    Course(
        "had failed, was over, and fails again",
        (WAITING, proposed(OPEN, APPROVED, failure=DENIED), WAITING, proposed(OPEN, APPROVED, failure=DENIED)),
        ([], [FAILED], [WAITED], [FAILED]),
    ),
    Course(
        "fails, and is delivered",
        (WAITING, proposed(OPEN, APPROVED, failure=DENIED), HAS_NEW),
        ([], [FAILED], [DELIVERED]),
    ),
    Course(
        "may have failed before the start",
        (GOES, proposed(OPEN, APPROVED, failure=DENIED), proposed(OPEN, APPROVED, failure=DENIED)),
        ([], [], []),
    ),
    Course(
        "... judged and failed at one look", (UNLOOKED, proposed(OPEN, APPROVED, failure=DENIED), GOES), ([], [], [])
    ),
    Course(
        "... and fails otherwise",
        (UNLOOKED, proposed(OPEN, APPROVED, failure=DENIED), proposed(OPEN, APPROVED, failure=NO_ROOM)),
        ([], [], [FAILED]),
    ),
    Course("refused", (WAITING, proposed(OPEN, REFUSED, WAITS)), ([], [FAILED])),
    Course("was refused at the first look", (proposed(OPEN, REFUSED), proposed(OPEN, REFUSED, WAITS)), ([], [])),
    Course(
        "a promotion fails",
        (WANTS, replace(WANTS, failure=DENIED, faults=(DENIED,)), WANTS, replace(WANTS, failure=DENIED)),
        ([], [FAILED], [], []),
    ),
    Course(
        "a promotion fails that may have failed before the start",
        (replace(WANTS, state=BoardState.MOVING), replace(WANTS, failure=DENIED), replace(WANTS, failure=NO_ROOM)),
        ([], [], [FAILED]),
    ),
]


@pytest.mark.parametrize("course", COURSES, ids=lambda course: course.name)
def test_what_is_told_of_a_course_of_looks(course: Course) -> None:
    assert told(course.looks) == list(course.tells)


def only(cell: BoardCell, event: NoticeEvent, before: BoardCell = WANTS) -> Notice:
    known, _ = news(None, before)
    _, notices = news(known, cell)
    (found,) = [each for each in notices if each.event is event]
    return found


def test_a_notice_says_what_why_says_and_what_to_do() -> None:
    opened = only(WAITING, OPENED)
    assert (opened.before, opened.after, opened.merge_request) == ("1.0.0", "1.1.0", "platform/live!4")
    assert opened.text == WAITING.sentence
    waits = only(proposed(OPEN, WAITS_STILL), WAITED)
    assert waits.text == "platform/live!4 needs 1 more approval from group:ops"
    assert waits.hint == "ask group:ops to approve platform/live!4"
    assert waits.url == "https://forge.example/4"


def test_a_failure_has_code_and_hint() -> None:
    failed = only(proposed(OPEN, APPROVED, failure=DENIED), FAILED)
    assert (failed.code, failed.text, failed.hint) == (DENIED.code, DENIED.what, DENIED.hint)
    refused = only(proposed(OPEN, REFUSED), FAILED)
    assert (refused.code, refused.hint) == ("release/other-registry", "promote again")
    assert refused.text == "is refused: the image is not from e2e"


def test_a_delivery_leads_to_the_merge_request_that_brought_it() -> None:
    delivered = only(HAS_NEW, DELIVERED, before=WAITING)
    assert (delivered.before, delivered.after, delivered.url) == ("1.0.0", "1.1.0", "https://forge.example/4")
    assert delivered.text == "live has shop 1.1.0, brought by platform/live!4"
    assert only(HAS_NEW, DELIVERED, before=HAS).url is None
    by_hand = replace(HAS_NEW, brought_by=None)
    assert only(by_hand, DELIVERED, before=HAS).text == "live has shop 1.1.0, brought by bob"


def test_what_the_forge_waits_for_is_no_failure() -> None:
    waits = Fault.of(MergeBlocked("platform/live!4 can not be merged yet"))
    assert waits.waits
    assert told((WAITING, proposed(OPEN, APPROVED, failure=waits))) == [[], []]
    assert not Fault.of(HostUnreachable("no answer")).waits


def test_a_text_is_one_line_and_not_too_long() -> None:
    failed = only(proposed(OPEN, APPROVED, failure=replace(DENIED, what="denied\n" * 1000)), FAILED)
    assert len(failed.text) == 500
    assert "\n" not in failed.text


def test_what_reads_the_same_is_the_same_whoever_saw_it() -> None:
    failed = only(proposed(OPEN, APPROVED, failure=DENIED), FAILED)
    assert failed.identity == only(proposed(OPEN, APPROVED, failure=DENIED_LATER), FAILED).identity
    assert failed.identity != only(proposed(OPEN, APPROVED, failure=NO_ROOM), FAILED).identity
    waits = only(WAITING, WAITED)
    assert waits.identity != only(proposed(OPEN, replace(WAITS, text=WAITS.text.replace("2", "3"))), WAITED).identity
    assert waits.identity != replace(waits, service="stock").identity
