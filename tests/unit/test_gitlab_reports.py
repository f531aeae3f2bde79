"""What GitLab shows of a delivery: a commit status and one note; what is shown already costs no call."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from support.git_worlds import START, commit_files
from support.gitlab_world import PROJECT, GitLabWorld, gitlab_world
from tidegate.errors.forge import ForgeFailed, ForgeForbidden, JobTokenReadsOnly
from tidegate.forge.gitlab.forge import GitLabForge
from tidegate.forge.gitlab.notes import StatusNotes
from tidegate.forge.gitlab.reports import GitLabReports
from tidegate.forge.gitlab.statuses import NAME
from tidegate.forge.gitlab.tokens import Tokens
from tidegate.forge.gitlab.told import Told
from tidegate.http import Retry
from tidegate.model import Report, ReportState
from tidegate.model.approval_record import MARK
from tidegate.ports import NewMergeRequest
from tidegate.testing.clock import FakeClock
from tidegate.testing.gitlab import Answer, Fault

REQUEST = "/projects/{id}/merge_requests/{merge_request_iid}"
STATUS = "/projects/{id}/statuses/{sha}"
NOTES = f"{REQUEST}/notes"
WAITING, DELIVERING, AVAILABLE, REFUSED = ReportState


class Town(GitLabWorld):
    """A merge request, and reports in the names of users."""

    cache: Path
    head: str

    @property
    def standing(self) -> FakeClock:
        assert isinstance(self.clock, FakeClock)
        return self.clock

    def reports(
        self, username: str = "robot", cache: str = "one", scope: str = "api", notes: StatusNotes | None = None
    ) -> GitLabReports:
        """Return the reports as a new process has them."""
        tokens = Tokens(
            {"GITLAB_TOKEN" if scope == "api" else "CI_JOB_TOKEN": self.gitlab.token(username, scope=scope)}
        )
        told = Told(self.cache / cache, self.clock)
        retry = Retry(sleep=self.clock.sleep, jitter=lambda: 0)
        return GitLabReports(self.gitlab.url, tokens, self.http, self.clock, told=told, retry=retry, notes=notes)

    def report(self, state: ReportState = WAITING, summary: str = "needs 1 approval", note: str = "waits") -> Report:
        url = f"{self.gitlab.url}/{PROJECT}/-/merge_requests/1"
        return Report(PROJECT, 1, "promote", self.head, state, summary, f"{MARK} -->\n{note}\n", url)

    @property
    def statuses(self) -> list[tuple[str, str | None]]:
        return [(one.state, one.description) for one in self.gitlab.projects[PROJECT].statuses]

    @property
    def notes(self) -> list[str]:
        return [one.body.split("\n")[1] for one in self.gitlab.projects[PROJECT].requests[1].notes if not one.system]

    def fail(self, line: str, answer: Answer | None, times: int = 1, *, done: bool = False) -> None:
        method, _, template = line.partition(" ")
        self.gitlab.faults.append(Fault(method, template, answer, times=times, done=done))

    def count(self) -> list[str]:
        """Return what was called since the last look."""
        called = self.called
        self.gitlab.calls.clear()
        return called


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    with gitlab_world(tmp_path / "remotes", FakeClock(START)) as served:
        town = Town(served.gitlab, served.http, served.clock)
        commit_files(tmp_path / "remotes" / f"{PROJECT}.git", "promote", {"a.yaml": b"a: 2\n"})
        town.head = town.forge().open(PROJECT, NewMergeRequest("promote", "main", "t", "d", "robot")).head
        town.cache = tmp_path / "cache"
        town.count()
        yield town


def test_a_status_and_a_note_are_written_and_the_status_leads_to_the_note(town: Town) -> None:
    assert town.reports().tell(town.report()) is True
    (status,) = town.gitlab.projects[PROJECT].statuses
    (note,) = town.gitlab.projects[PROJECT].requests[1].notes
    assert (status.sha, status.ref, status.name, status.state) == (town.head, "promote", NAME, "pending")
    assert status.description == "needs 1 approval"
    assert status.target_url == f"{town.gitlab.url}/{PROJECT}/-/merge_requests/1#note_{note.id}"
    assert town.notes == ["waits"]


def test_what_is_shown_costs_no_call_within_an_hour(town: Town) -> None:
    town.reports().tell(town.report())
    town.count()
    town.standing.advance(timedelta(minutes=59))
    assert town.reports().tell(town.report()) is False
    assert town.count() == []
    town.standing.advance(timedelta(minutes=2))
    assert town.reports().tell(town.report()) is False
    assert f"POST {STATUS}" in town.count()


def test_without_its_memory_nothing_is_shown_twice(town: Town) -> None:
    for state in (WAITING, REFUSED):
        town.reports().tell(town.report(state))
        before = (list(town.statuses), list(town.notes))
        assert town.reports(cache="two").tell(town.report(state)) is False
        assert (town.statuses, town.notes) == before


def test_without_its_memory_a_run_only_looks_at_those_that_can_wait(town: Town) -> None:
    town.reports().tell(town.report())
    town.count()
    assert town.reports(cache="two").tell(town.report(), later=True) is False
    assert all(call.startswith("GET ") for call in town.count())


def test_the_note_is_changed_in_place_and_the_status_moves_on(town: Town) -> None:
    reports = town.reports()
    for state, summary, note in (
        (WAITING, "needs 1 approval", "waits"),
        (DELIVERING, "copying", "goes"),
        (AVAILABLE, "is there", "goes"),
    ):
        reports.tell(town.report(state, summary, note))
    assert town.statuses == [("success", "is there")]
    assert town.notes == ["goes"]


def test_other_words_of_the_same_state_are_shown(town: Town) -> None:
    town.reports().tell(town.report())
    assert town.reports().tell(town.report(summary="needs 2 approvals")) is True
    assert town.statuses == [("canceled", "needs 2 approvals"), ("pending", "needs 2 approvals")]


def test_after_a_copy_that_was_killed_it_can_wait_again(town: Town) -> None:
    town.reports().tell(town.report(DELIVERING, "copying"))
    town.reports().tell(town.report(WAITING, "needs 1 approval"))
    assert town.statuses[-1] == ("pending", "needs 1 approval")


def test_long_words_are_cut_to_what_gitlab_takes(town: Town) -> None:
    town.reports().tell(town.report(summary="é" * 300))
    ((_, shown),) = town.statuses
    assert shown == "é" * 254 + "…"


def test_somebody_else_s_note_and_status_are_theirs(town: Town) -> None:
    town.reports("mallory", cache="theirs").tell(town.report(AVAILABLE, "is there", "fine"))
    town.reports().tell(town.report())
    assert town.notes == ["fine", "waits"]
    assert {(one.user.username, one.state) for one in town.gitlab.projects[PROJECT].statuses} == {
        ("mallory", "success"),
        ("robot", "pending"),
    }


def test_two_runs_at_once_leave_one_note(town: Town) -> None:
    other = town.reports(cache="two")
    town.gitlab.before["POST", NOTES] = lambda: other.tell(town.report(note="the other's"))
    town.reports().tell(town.report(note="mine"))
    assert town.notes == ["mine"]
    assert town.statuses == [("pending", "needs 1 approval")]


def test_a_note_that_was_deleted_is_written_again(town: Town) -> None:
    reports = town.reports()
    reports.tell(town.report())
    town.gitlab.projects[PROJECT].requests[1].notes.clear()
    reports.tell(town.report(AVAILABLE, "is there", "goes"))
    assert town.notes == ["goes"]


def test_a_newly_opened_one_takes_three_calls(town: Town) -> None:
    town.reports().tell(replace(town.report(), is_new=True))
    assert town.count() == [f"POST {NOTES}", f"GET {NOTES}", f"POST {STATUS}"]


def test_a_note_that_the_forge_has_read_is_not_looked_for(town: Town) -> None:
    town.reports().tell(town.report())
    notes = StatusNotes()
    tokens = Tokens({"GITLAB_TOKEN": town.gitlab.token("robot")})
    GitLabForge(town.gitlab.url, tokens, town.http, town.clock, notes=notes).merge_request(PROJECT, 1)
    town.count()
    town.reports(cache="two", notes=notes).tell(town.report(AVAILABLE, "is there", "goes"))
    assert town.count() == [f"PUT {NOTES}/{{note_id}}", f"POST {STATUS}"]
    assert town.notes == ["goes"]


def test_somebody_else_s_note_that_the_forge_has_read_is_not_taken_for_ours(town: Town) -> None:
    town.reports("mallory", cache="theirs").tell(town.report(note="mallory's"))
    notes = StatusNotes()
    tokens = Tokens({"GITLAB_TOKEN": town.gitlab.token("robot")})
    GitLabForge(town.gitlab.url, tokens, town.http, town.clock, notes=notes).merge_request(PROJECT, 1)
    town.reports(notes=notes).tell(town.report(note="ours"))
    assert town.notes == ["mallory's", "ours"]


def test_of_those_that_can_wait_a_run_tells_so_many(town: Town) -> None:
    reports = town.reports()
    for number in range(15):
        reports.tell(town.report(summary=f"reason {number}"), later=True)
    assert town.statuses[-1] == ("pending", "reason 9")
    assert reports.tell(town.report(summary="asked for")) is True


def test_a_note_that_is_refused_keeps_no_status_from_being_written(town: Town) -> None:
    town.fail(f"POST {NOTES}", Answer(403, {"message": "403 Forbidden"}))
    with pytest.raises(ForgeForbidden):
        town.reports().tell(town.report())
    assert town.statuses == [("pending", "needs 1 approval")]
    assert town.reports().tell(town.report()) is True  # it was not taken for shown
    assert town.notes == ["waits"]


@pytest.mark.parametrize("times", [1, 100])
def test_a_status_that_is_refused_is_told(town: Town, times: int) -> None:
    busy = {"message": "Another update to this commit status is in progress"}
    town.fail(f"POST {STATUS}", Answer(409, busy), times=times)
    with pytest.raises(ForgeFailed, match="somebody else writes a status"):
        town.reports().tell(town.report())


def test_a_job_s_token_writes_nothing_and_is_told(town: Town) -> None:
    with pytest.raises(JobTokenReadsOnly):
        town.reports(scope="job").tell(town.report())
    assert all(one.method == "GET" for one in town.gitlab.calls)


def test_a_memory_that_cannot_be_kept_costs_calls_only(town: Town) -> None:
    town.cache.write_text("a file where the folder would be")
    assert town.reports().tell(town.report()) is True
    assert town.reports().tell(town.report()) is False


@pytest.mark.parametrize("spoiled", ["", "x", "nothing of the kind", "\xff"])
def test_a_spoiled_memory_is_none(town: Town, spoiled: str) -> None:
    town.reports().tell(town.report())
    (file,) = (one for one in town.cache.rglob("*") if one.is_file())
    file.write_bytes(spoiled.encode("latin-1"))
    town.count()
    town.reports().tell(town.report())
    assert town.count()
