"""Whatever a cell goes through: the first look tells nothing, a repeated one neither, and nothing has no cause."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tidegate.engine.views.board import BoardCell, BoardState, Fault, MergeRequestLink
from tidegate.engine.views.notices import Known, news
from tidegate.model import Answer, Reason
from tidegate.model.notice import NoticeEvent

FAULTS = st.sampled_from(
    [Fault("a/b", "what", None), Fault("a/c", "what 3", "hint"), Fault("a/d", "w", None, waits=True)]
)
REASONS = st.builds(
    Reason,
    st.sampled_from(["state", "approvals", "soak", "forge-rules", "origin"]),
    st.sampled_from(Answer),
    st.sampled_from(["needs 2 approvals", "needs 1 more approval", "is open"]),
)
LINKS = st.builds(MergeRequestLink, st.sampled_from(["p!1", "p!2", "p!3"]), st.just("title"), st.just(None))
CELLS = st.builds(
    BoardCell,
    service=st.just("shop"),
    environment=st.just("live"),
    state=st.sampled_from(BoardState),
    sentence=st.just("why"),
    tag=st.sampled_from([None, "1.0.0", "1.1.0"]),
    digest=st.sampled_from([None, "sha256:aa", "sha256:bb"]),
    brought_by=st.sampled_from([None, "p!1"]),
    merge_request=st.none() | LINKS,
    moving=st.sampled_from([None, "1.1.0", "1.2.0"]),
    reasons=st.lists(REASONS, max_size=3).map(tuple),
    faults=st.lists(FAULTS, max_size=1).map(tuple),
    failure=st.none() | FAULTS,
)


@given(st.lists(CELLS, min_size=1, max_size=12))
def test_a_look_that_is_repeated_tells_nothing(looks: list[BoardCell]) -> None:
    known: Known | None = None
    for cell in looks:
        is_first = known is None
        known, notices = news(known, cell)
        assert not (is_first and notices)
        again, echoes = news(known, cell)
        assert echoes == ()
        assert again == known


@given(st.lists(CELLS, min_size=1, max_size=12))
def test_what_is_told_has_a_cause_in_the_look(looks: list[BoardCell]) -> None:
    known: Known | None = None
    opened: list[str | None] = []
    for cell in looks:
        known, notices = news(known, cell)
        for each in notices:
            match each.event:
                case NoticeEvent.DELIVERED:
                    assert (each.after, cell.digest is not None) == (cell.tag, True)
                case NoticeEvent.OPENED:
                    assert cell.merge_request is not None
                    opened.append(each.merge_request)
                case NoticeEvent.WAITING:
                    assert any(reason.answer is Answer.WAIT for reason in cell.reasons)
                case NoticeEvent.FAILED:
                    assert cell.failure is not None or any(one.answer is Answer.NO for one in cell.reasons)
                    assert each.code
    assert len(set(opened)) == len(opened), "of three merge requests each is opened once"
