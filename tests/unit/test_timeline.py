"""A service over time: which version was where, the picture of it, and how long it took."""

from __future__ import annotations

from datetime import timedelta

import pytest

from support.engine_world import EngineWorld
from tidegate.config import GitLabForge, LocalForge
from tidegate.engine.views.timeline import Stay, Timeline, read_timeline
from tidegate.errors.git import RepositoryMissing
from tidegate.server.pages.timeline_view import LEFT, WIDTH, timeline_view
from tidegate.testing.clock import START

HOUR = timedelta(hours=1)
LOCAL = LocalForge(None, None, {})
GITLAB = GitLabForge("https://gitlab.example.com/")


@pytest.fixture
def town() -> EngineWorld:
    """Return a world in which 1.1.3 went to e2e after two hours, and 1.1.4 after one."""
    town = EngineWorld()
    town.clock.advance(2 * HOUR)
    town.bring("e2e")
    town.clock.advance(HOUR)
    town.build("1.1.4")
    town.clock.advance(HOUR)
    town.bring("e2e")
    return town


def timeline(town: EngineWorld) -> Timeline:
    world = town.world()
    return read_timeline(world, world.service("inventory"))


def test_stays_come_from_git_newest_first(town: EngineWorld) -> None:
    stays = timeline(town).stays["e2e"]
    assert [(each.tag, each.version) for each in stays] == [("1.1.4-rc1", "1.1.4"), ("1.1.3-rc1", "1.1.3")]
    assert stays[1].until == stays[0].since
    assert stays[0].until is None
    assert stays[0].merge_request == "platform/gitops!2"


def test_lead_time_runs_from_the_first_environment_to_the_first_arrival(town: EngineWorld) -> None:
    leads = {each.environment: each for each in timeline(town).lead_times()}
    assert (leads["e2e"].releases, leads["e2e"].newest, leads["e2e"].typical) == (2, HOUR, 1.5 * HOUR)
    assert (leads["production"].releases, leads["production"].newest) == (0, None)


def stay(environment: str, version: str, hour: int, number: int = 1) -> Stay:
    tag = f"{version}-rc{number}" if environment == "e2e" else version
    return Stay(environment, tag, version, START + hour * HOUR, None, "dana", None, "c" * 40)


def test_neither_another_candidate_nor_a_roll_back_begins_anew() -> None:
    e2e = (stay("e2e", "1.0.0", 9, 2), stay("e2e", "1.0.1", 4), stay("e2e", "1.0.0", 2), stay("e2e", "0.9.0", 0))
    dev = (stay("dev", "0.9.0", 7), stay("dev", "1.0.1", 3), stay("dev", "1.0.0", 1))
    (lead,) = Timeline("a", ("dev", "e2e"), {"dev": dev, "e2e": e2e}, {}).lead_times()
    assert (lead.releases, lead.newest, lead.typical) == (2, HOUR, HOUR), "0.9.0 was there before it came to dev"


def test_of_what_came_in_the_same_second_the_later_stands_first() -> None:
    dev = (stay("dev", "1.0.2", 0), stay("dev", "1.0.1", 0), stay("dev", "1.0.0", 0))
    view = timeline_view(Timeline("a", ("dev",), {"dev": dev}, {}), LOCAL, START)
    assert [line.version for line in view.lines] == ["1.0.2", "1.0.1", "1.0.0"]


def test_an_environment_that_cannot_be_read_hides_no_other(town: EngineWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    world = town.world()
    reached = world.repos.repo

    def repo(project: str) -> object:
        if project == "platform/gitops-staging":
            raise RepositoryMissing("there is none")
        return reached(project)

    monkeypatch.setattr(world.repos, "repo", repo)
    found = read_timeline(world, world.service("inventory"))
    assert list(found.faults) == ["staging"]
    assert len(found.stays["e2e"]) == 2


def test_the_picture_has_a_bar_for_each_stay_in_proportion(town: EngineWorld) -> None:
    view = timeline_view(timeline(town), LOCAL, town.clock.now() + 4 * HOUR)
    bars = [(bar.title.partition(" since")[0], bar.x, bar.width) for bar in view.bars]
    hour = (WIDTH - LEFT) / 8
    shown = {title: (x, width) for title, x, width in bars}
    assert shown["1.1.3 in dev"] == pytest.approx((LEFT, 3 * hour), abs=0.2)
    assert shown["1.1.3-rc1 in e2e"] == pytest.approx((LEFT + 2 * hour, 2 * hour), abs=0.2)
    assert shown["1.1.4-rc1 in e2e"] == pytest.approx((LEFT + 4 * hour, 4 * hour), abs=0.2)
    hues = {bar.title.split()[0]: bar.hue for bar in view.bars}
    assert hues["1.1.3"] == hues["1.1.3-rc1"] != hues["1.1.4"], "a version has one colour everywhere"


def test_the_table_says_the_same_as_the_picture(town: EngineWorld) -> None:
    view = timeline_view(timeline(town), LOCAL, town.clock.now())
    assert len(view.lines) == len(view.bars) == 4
    assert [(line.version, line.environment, line.lasted) for line in view.lines] == [
        ("1.1.4", "e2e", "<1 min"),
        ("1.1.4", "dev", "1 h"),
        ("1.1.3", "e2e", "2 h"),
        ("1.1.3", "dev", "3 h"),
    ]


def test_a_merge_request_in_the_table_leads_to_its_page_where_it_has_one(town: EngineWorld) -> None:
    page = "https://gitlab.example.com/platform/gitops/-/merge_requests"
    lines = timeline_view(timeline(town), GITLAB, town.clock.now()).lines
    assert [line.url for line in lines] == [f"{page}/2", None, f"{page}/1", None]
    assert {line.url for line in timeline_view(timeline(town), LOCAL, town.clock.now()).lines} == {None}


def test_no_moment_stands_twice_on_the_axis() -> None:
    """Of a stay that has just begun, all moments are within the same second."""
    view = timeline_view(Timeline("a", ("dev",), {"dev": (stay("dev", "1.0.0", 0),)}, {}), LOCAL, START)
    assert [tick.label for tick in view.ticks] == ["12:00:00"]


def test_a_service_that_is_nowhere_has_no_picture(town: EngineWorld) -> None:
    world = town.world()
    view = timeline_view(read_timeline(world, world.service("billing")), LOCAL, town.clock.now())
    assert [line.environment for line in view.lines] == ["e2e"]
    assert all(each.typical is None for each in view.leads)
