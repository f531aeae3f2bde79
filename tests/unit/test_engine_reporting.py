"""What a merge request's page shows, step by step; and that nothing which is shown decides anything."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from support.engine_world import PRD, PRD_IMAGE, STAGING, EngineWorld, on_approval
from tidegate.engine.deliver import show_verdicts
from tidegate.engine.reporting import verdict_report
from tidegate.errors import TidegateError
from tidegate.errors.forge import ForgeForbidden, HeadMoved, MergeBlocked
from tidegate.errors.registry import RegistryRefused, RegistryUnreachable
from tidegate.model import Answer, Gates, MergeRequestState, Reason, ReportState, Verdict
from tidegate.model.approval_record import MARK, recorded
from tidegate.testing.reports import FakeReports


class Town(EngineWorld):
    """E2e has 1.1.3-rc1, and the forge shows states."""

    shown: FakeReports

    @property
    def states(self) -> list[tuple[str, str]]:
        return [(one.state.value, one.summary) for one in self.shown.told]


@pytest.fixture
def town() -> Town:
    town = Town()
    town.bring("e2e")
    town.shown = town.reports = FakeReports()
    return town


def test_what_is_promoted_says_what_it_waits_for(town: Town) -> None:
    opened = town.opened("staging")
    (report,) = town.shown.told
    assert (report.project, report.iid, report.head) == (STAGING, opened.iid, opened.head)
    assert (report.state, report.summary) == (ReportState.WAITING, "needs 1 approval from platform/testers")
    assert report.is_new


def test_a_newer_release_says_it_of_the_new_head(town: Town) -> None:
    opened = town.opened("staging")
    town.approve(opened, "stella")
    town.build("1.1.4")
    town.bring("e2e")
    again = town.opened("staging")
    report = town.shown.told[-1]
    assert (report.head, report.is_new) == (town.forge.merge_request(STAGING, again.iid).head, False)
    assert report.head != opened.head
    assert report.summary == "needs 1 approval from platform/testers"


def test_a_delivery_copies_says_so_and_then_that_the_image_is_there(town: Town) -> None:
    opened = town.opened("staging")
    town.deliver(opened)
    town.approve(opened, "stella")
    town.deliver(opened)
    assert town.states == [
        ("pending", "needs 1 approval from platform/testers"),
        ("running", f"copying {PRD_IMAGE}"),
        ("success", f"{PRD_IMAGE} is available"),
    ]
    assert len({one.head for one in town.shown.told}) == 1
    assert town.forge.merge_request(STAGING, opened.iid).comments == ()


def test_the_image_is_there_before_the_status_lets_it_be_merged(town: Town) -> None:
    opened = town.opened("staging")
    town.approve(opened, "stella")
    honest = town.shown.tell

    def tell(report: object, *, later: bool = False) -> bool:
        state = getattr(report, "state", None)
        if state in {ReportState.DELIVERING, ReportState.AVAILABLE}:
            assert (town.held("staging", "1.1.3") is None) == (state is ReportState.DELIVERING)
            assert town.forge.merge_request(STAGING, opened.iid).state is MergeRequestState.OPEN
        return honest(report, later=later)  # type: ignore[arg-type]

    town.shown.tell = tell  # type: ignore[method-assign]
    assert town.deliver(opened).delivered
    assert [state for state, _ in town.states[-2:]] == ["running", "success"]


def test_a_refusal_is_shown_as_failed(town: Town) -> None:
    request = town.open("staging", "evil.example/team/inventory:1.1.3")
    town.deliver(request)
    ((state, summary),) = town.states
    assert state == "failed"
    assert "evil.example/team/inventory is not in the registry" in summary


@pytest.mark.parametrize(
    ("error", "shown"),
    [
        (
            RegistryUnreachable("prd.example does not answer"),
            ("pending", "is tried again: prd.example does not answer"),
        ),
        (RegistryRefused("may not push"), ("failed", "failed: may not push")),
    ],
)
def test_a_delivery_that_fails_says_why_and_goes_on_later(
    town: Town, monkeypatch: pytest.MonkeyPatch, error: TidegateError, shown: tuple[str, str]
) -> None:
    opened = town.opened("staging")
    town.approve(opened, "stella")
    honest = town.images.copy

    def copy(*_: object, **__: object) -> object:
        raise error

    monkeypatch.setattr(town.images, "copy", copy)
    with pytest.raises(type(error)):
        town.deliver(opened)
    assert town.states[-1] == (shown[0], f"the delivery {shown[1]}")
    monkeypatch.setattr(town.images, "copy", honest)
    assert town.deliver(opened).delivered
    assert [state for state, _ in town.states[-2:]] == ["running", "success"]


def test_what_the_forge_itself_waits_for_leaves_the_image_available(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = town.opened("staging")
    town.approve(opened, "stella")

    def merge(*_: object, **__: object) -> object:
        raise MergeBlocked("its pipeline is still running")

    monkeypatch.setattr(town.forge, "merge", merge)
    with pytest.raises(MergeBlocked):
        town.deliver(opened)
    assert town.states[-1] == ("success", f"{PRD_IMAGE} is available")


def test_what_cannot_be_shown_stops_nothing_and_is_told(town: Town) -> None:
    town.shown.failure = ForgeForbidden("this token may not do this")
    opened = town.opened("staging")
    town.approve(opened, "stella")
    assert town.deliver(opened).delivered
    failed = [text for text in town.told.failures if "does not show its state" in text]
    assert len(failed) == 3  # promoted; copying; available


def test_a_promotion_stands_when_its_state_cannot_be_worked_out(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> object:
        raise HeadMoved("somebody pushed")

    monkeypatch.setattr("tidegate.engine.deliver.observe_delivery", fail)
    assert town.promote("staging").merge_request is not None
    assert "does not show its state: somebody pushed" in town.told.warnings[-1]


def test_of_many_that_wait_others_are_told_first_in_each_minute(town: Town) -> None:
    """A run tells ten of them: so all get their turn, with nothing remembered."""
    delivery = town.look(town.open("staging", PRD_IMAGE))
    assert delivery.seen is not None
    many = [
        replace(delivery, seen=replace(delivery.seen, merge_request=replace(delivery.merge_request, iid=number)))
        for number in range(25)
    ]
    told: set[int] = set()
    for _ in range(5):
        town.shown.told.clear()
        show_verdicts(town.world("gate"), many, town.told)
        assert len(town.shown.told) == 25
        told |= {one.iid for one in town.shown.told[:10]}
        town.clock.advance(timedelta(minutes=1))
    assert told == set(range(25))


def test_the_same_is_shown_while_nothing_but_time_passes(town: Town) -> None:
    town.change("staging", gates=Gates(timedelta(hours=24)))
    request = town.open("staging", PRD_IMAGE)
    town.approve(request, "stella")
    for _ in range(3):
        town.deliver(request)
        town.clock.advance(timedelta(minutes=7))
    assert town.states == [("pending", "must be in e2e for 1 d: until 2024-05-02 12:00 UTC")]
    town.clock.advance(timedelta(hours=24))
    assert town.answer(request) is Answer.GO


def test_the_note_has_every_reason_and_whose_approvals_were_seen(town: Town) -> None:
    request = town.open("staging", PRD_IMAGE)
    town.approve(request, "stella", "mallory")
    head = town.forge.merge_request(STAGING, request.iid).head
    assert town.deliver(request).delivered
    note = town.shown.told[-1].note
    assert note.startswith(MARK)
    assert [(one.user, one.head) for one in recorded(note)] == [("stella", head)]
    assert "| ✓ go | approvals | approved by stella |" in note
    assert f"Approvals seen: stella at {head[:12]}." in note
    assert f"`{PRD.host}/team/inventory:1.1.3`" in note


def test_before_a_rewrite_is_pushed_whose_approvals_were_seen_is_recorded(town: Town) -> None:
    on_approval(town, "staging")
    request = town.open("staging", "e2e.example/team/inventory:1.1.3-rc1")
    town.approve(request, "stella")
    reviewed = town.forge.merge_request(STAGING, request.iid).head
    town.before_push.append(lambda: states.extend(town.shown.told))
    states: list[object] = []
    assert town.deliver(request).delivered
    (first,) = states
    assert first == town.shown.told[0]
    assert [(one.user, one.head) for one in recorded(town.shown.told[0].note)] == [("stella", reviewed)]
    delivered = town.forge.merge_request(STAGING, request.iid).head
    assert [one.head for one in town.shown.told] == [reviewed, delivered]


def test_words_of_others_are_no_markup_in_the_note(town: Town) -> None:
    """A path with a comment's end and a mention in it: it can neither forge the record nor call anybody."""
    request = town.open("staging", PRD_IMAGE)
    path = f"other/{MARK} mallory={'0' * 40}@2024-05-01T12:00:00+00:00 --> @all `x` | b.yaml"
    town.write(STAGING, {path: b"x: 1\n"}, "by-hand")
    town.deliver(request)
    (report,) = town.shown.told
    assert recorded(report.note) == ()
    assert "<" not in report.note.partition("\n")[2]
    assert "@all" not in report.note
    assert "\\`x\\` \\| b.yaml" in report.note


def test_no_line_of_the_note_begins_with_what_others_wrote(town: Town) -> None:
    """GitLab does what a line with a slash before it says."""
    request = town.open("staging", PRD_IMAGE)
    seen = town.look(request).seen
    assert seen is not None
    words = "changes a\n/merge\r\n/approve\x85/close"
    report = verdict_report(seen, Verdict.of([Reason("scope", Answer.NO, words, hint=words)]))
    assert not any(line.strip().startswith("/") for line in report.note.splitlines())
    assert report.summary == "changes a /merge /approve /close"


def test_without_a_way_to_show_it_a_note_of_its_own_tells_of_the_delivery(town: Town) -> None:
    town.reports = None
    opened = town.opened("staging")
    town.approve(opened, "stella")
    assert town.deliver(opened).delivered
    (note,) = town.forge.merge_request(STAGING, opened.iid).comments
    assert note.text.startswith("Delivering to staging:")
