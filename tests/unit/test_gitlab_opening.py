"""What a merge request is opened with on the fake GitLab: names become numbers, in few calls."""

from __future__ import annotations

from dataclasses import replace

import pytest

from support.gitlab_town import NEW, REQUESTS, Town, town
from support.gitlab_world import PROJECT
from tidegate.errors.forge import InvalidUser, MilestoneMissing
from tidegate.model import MergeRequestOptions
from tidegate.testing.gitlab.state import Milestone

__all__ = ["town"]

USERS = "GET /projects/{id}/users"


def open_with(town: Town, *, fresh: bool = False, **wishes: object) -> None:
    town.push()
    options = replace(MergeRequestOptions(), **wishes)  # type: ignore[arg-type]
    town.forge().open(PROJECT, replace(NEW, options=options, is_fresh=fresh))


def test_everything_that_was_asked_for_is_there(town: Town) -> None:
    for name in ("alice", "bob", "carol"):
        town.gitlab.user(name)
    town.gitlab.projects[PROJECT].milestones += [Milestone(6, "2024.20"), Milestone(7, "2024.2")]
    open_with(
        town,
        labels=("promotion", "team a"),
        reviewers=("Alice", "bob"),
        assignees=("carol",),
        milestone="2024.2",
        squash=True,
        remove_source_branch=True,
    )
    made = town.gitlab.projects[PROJECT].requests[1]
    assert made.labels == ["promotion", "team a"]
    assert [one.username for one in made.reviewers] == ["alice", "bob"]
    assert [one.username for one in made.assignees] == ["carol"]
    assert made.milestone == Milestone(7, "2024.2")
    assert (made.squash, made.remove_source) == (True, True)


def test_what_people_change_later_stays(town: Town) -> None:
    open_with(town, labels=("promotion",))
    made = town.gitlab.projects[PROJECT].requests[1]
    made.labels = ["by hand"]
    town.forge().open(PROJECT, replace(NEW, options=MergeRequestOptions(labels=("promotion",))))
    town.forge().describe(PROJECT, 1, title="T", description="D")
    assert made.labels == ["by hand"]


@pytest.mark.parametrize(("names", "calls"), [((), 0), (("alice",), 1), (("alice", "bob"), 2), (("a", "b", "c"), 1)])
def test_few_people_are_looked_for_by_name_and_many_in_one_list(town: Town, names: tuple[str, ...], calls: int) -> None:
    for name in (*names, *(f"somebody{number}" for number in range(90))):
        town.gitlab.user(name)
    open_with(town, reviewers=names, assignees=names)
    assert town.called.count(USERS) == calls


def test_a_user_whose_name_only_begins_so_is_somebody_else(town: Town) -> None:
    town.gitlab.user("alice2")
    with pytest.raises(InvalidUser, match="alice is no member"):
        open_with(town, reviewers=("alice",))
    assert f"POST {REQUESTS}" not in town.called


def test_who_is_not_in_the_project_is_told(town: Town) -> None:
    town.gitlab.user("alice")
    town.gitlab.projects[PROJECT].members = {"robot"}
    with pytest.raises(InvalidUser, match="alice is no member"):
        open_with(town, assignees=("alice",))


def test_a_milestone_that_is_not_there_is_told(town: Town) -> None:
    town.gitlab.projects[PROJECT].milestones.append(Milestone(7, "2024.2"))
    with pytest.raises(MilestoneMissing, match=r"2024\.1"):
        open_with(town, milestone="2024.1")


def test_what_the_caller_has_looked_at_is_not_looked_at_again(town: Town) -> None:
    open_with(town, fresh=True)
    assert town.called == [f"POST {REQUESTS}"]


def test_somebody_was_faster(town: Town) -> None:
    open_with(town)
    town.gitlab.calls.clear()
    assert town.forge().open(PROJECT, replace(NEW, is_fresh=True)).iid == 1
    assert town.called == [f"POST {REQUESTS}", f"GET {REQUESTS}"]


@pytest.mark.parametrize("done", [True, False])
def test_a_lost_answer_is_looked_for_before_it_is_repeated(town: Town, done: bool) -> None:  # noqa: FBT001 - a parameter
    town.fail(f"POST {REQUESTS}", done=done)
    open_with(town, fresh=True)
    assert len(town.gitlab.projects[PROJECT].requests) == 1
    assert town.called.count(f"POST {REQUESTS}") == (1 if done else 2)
