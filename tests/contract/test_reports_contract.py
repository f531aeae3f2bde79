"""The reports port: one suite on GitLab's adapter and on the fake."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from support.git_worlds import START, commit_files
from support.gitlab_world import PROJECT, gitlab_world
from tidegate.forge.gitlab.reports import GitLabReports
from tidegate.forge.gitlab.tokens import Tokens
from tidegate.forge.gitlab.told import Told
from tidegate.model import Report, ReportState
from tidegate.model.approval_record import first_line
from tidegate.ports import NewMergeRequest, Reports
from tidegate.testing.clock import FakeClock
from tidegate.testing.reports import FakeReports

BRANCHES = ("one", "two")


@pytest.fixture(params=["fake", "gitlab"])
def stand(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Reports, tuple[Report, Report]]]:
    """Give the port, and what is to be shown on each of two merge requests."""
    heads = ["0" * 40, "1" * 40]
    if request.param == "fake":
        yield FakeReports(), reports(heads)
        return
    with gitlab_world(tmp_path / "remotes", FakeClock(START)) as served:
        for number, branch in enumerate(BRANCHES):
            repository = tmp_path / "remotes" / f"{PROJECT}.git"
            heads[number] = commit_files(repository, branch, {"a.yaml": f"a: {branch}\n".encode()})
            served.forge().open(PROJECT, NewMergeRequest(branch, "main", branch, "", "robot"))
        tokens = Tokens({"GITLAB_TOKEN": served.gitlab.token("robot")})
        told = Told(tmp_path / "told", served.clock)
        yield GitLabReports(served.gitlab.url, tokens, served.http, served.clock, told=told), reports(heads)


def reports(heads: list[str]) -> tuple[Report, Report]:
    one, two = (
        Report(PROJECT, iid, branch, head, ReportState.WAITING, "waits", f"{first_line(())}\nwaits\n")
        for iid, (branch, head) in enumerate(zip(BRANCHES, heads, strict=True), start=1)
    )
    return one, two


Stand = tuple[Reports, tuple[Report, Report]]


def test_what_is_shown_already_is_left_as_it_is(stand: Stand) -> None:
    port, (one, two) = stand
    assert port.tell(one) is True
    assert port.tell(one) is False
    assert port.tell(replace(one, is_new=True)) is False
    assert port.tell(two) is True
    assert port.tell(one) is False


@pytest.mark.parametrize(
    "change",
    [
        {"summary": "waits for something else"},
        {"state": ReportState.DELIVERING},
        {"state": ReportState.AVAILABLE},
        {"state": ReportState.REFUSED},
        {"note": f"{first_line(())}\nmore\n"},
    ],
)
def test_what_has_changed_is_shown_and_what_was_comes_back(stand: Stand, change: dict[str, str]) -> None:
    port, (one, _) = stand
    port.tell(one)
    assert port.tell(replace(one, **change)) is True  # type: ignore[arg-type]
    assert port.tell(replace(one, **change)) is False  # type: ignore[arg-type]
    assert port.tell(one) is True


def test_what_may_be_left_to_another_run_is_told_all_the_same_when_there_is_little(stand: Stand) -> None:
    port, (one, _) = stand
    assert port.tell(one, later=True) is True
    assert port.tell(one, later=True) is False
