"""What promotions and deliveries cost on GitLab, by counting calls and pushes on the fake."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.git_worlds import commit_files
from support.gitlab_stand import Stand, gitlab_stand
from support.road_texts import STAGING, file_of, helm_release, image_of
from support.road_world import release_image
from tidegate.testing.gitlab.state import Hook, MergeRequest, Milestone

OPEN = 200
READY = ("api", "billing", "cart")
OF_ONE = "/projects/{id}/merge_requests/{merge_request_iid}"
OPTIONS = """
  merge_request:
    labels: [promotion]
    reviewers: [sam]
    assignees: [dana]
    milestone: "2024.2"
"""


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[Stand]:
    with gitlab_stand(tmp_path / "world", until="e2e") as stand:
        text = (stand.world.folder / "tidegate.yaml").read_text()
        more = "".join(f"  {service}: {{}}\n" for service in READY)
        stand.world.configure(text.replace("\nservices:\n", f"\nservices:\n{more}"))
        yield stand


def counted(stand: Stand) -> Counter[str]:
    return Counter(f"{one.method} {one.template}" for one in stand.gitlab.calls)


def test_opening_a_promotion_takes_eight_calls_and_one_push(stand: Stand) -> None:
    for name in ("sam", "dana"):
        stand.gitlab.user(name)
    project = stand.gitlab.projects[STAGING]
    project.milestones.append(Milestone(7, "2024.2"))
    text = (stand.world.folder / "tidegate.yaml").read_text()
    stand.world.configure(text.replace("\nregistries:", f"{OPTIONS}registries:"))
    stand.world.tidegate("promote", "inventory", "--to", "staging")
    assert sum(counted(stand).values()) <= 8, counted(stand)
    assert stand.gitlab.pushes == 1
    made = project.requests[1]
    assert (made.labels, [one.username for one in made.reviewers]) == (["promotion"], ["sam"])
    assert made.milestone is not None


def test_many_promotions_share_what_can_be_shared(stand: Stand) -> None:
    names = [f"service-{number}" for number in range(7)]
    text = (stand.world.folder / "tidegate.yaml").read_text()
    text = text.replace("\nregistries:", f"{OPTIONS}registries:")
    stand.world.configure(text.replace("\nservices:\n", "\nservices:\n" + "".join(f"  {one}: {{}}\n" for one in names)))
    for name in names:
        stand.world.push_image("e2e", "2.0.0-rc1", release_image(name), name)
        stand.world.declare("e2e", "2.0.0-rc1", name)
    project = stand.gitlab.projects[STAGING]
    project.milestones.append(Milestone(7, "2024.2"))
    for name in ("sam", "dana"):
        stand.gitlab.user(name)
    project.hooks.append(Hook(1, "http://127.0.0.1:1/", "t0ken"))
    stand.gitlab.refresh(project)
    stand.gitlab.events.clear()
    stand.gitlab.calls.clear()
    promote = ("promote", "--all", "--to", "staging")
    stand.world.tidegate(*promote)
    count = len(names) + 1  # and inventory
    requests = project.requests.values()
    assert {one.source for one in requests} == {f"tidegate/{one}/to-staging" for one in ("inventory", *names)}
    assert len(requests) == count
    assert sum(counted(stand).values()) <= 4 + 4 * count, counted(stand)  # a list, two people, a milestone
    assert stand.gitlab.pushes == 3
    told = {json.loads(event.body)["ref"] for event in stand.gitlab.events if event.kind == "push"}
    assert told == {f"refs/heads/{one.source}" for one in requests}

    stand.approve(STAGING, "sam", 2)
    stand.gitlab.calls.clear()
    kept = stand.world.tidegate(*promote)
    assert kept.err.count("  kept  ") == count
    assert stand.gitlab.pushes == 3
    assert sum(counted(stand).values()) <= 2 + 4, counted(stand)  # two lists, and what one with approvals needs


def test_two_hundred_open_merge_requests_of_which_three_are_ready(stand: Stand) -> None:
    for number, service in enumerate(READY, start=1):
        stand.world.push_image("e2e", "2.0.0-rc1", release_image(service), service)
        stand.world.declare("e2e", "2.0.0-rc1", service)
        stand.world.tidegate("promote", service, "--to", "staging")
        assert stand.gitlab.projects[STAGING].requests[number].source.startswith(f"tidegate/{service}/")
    waiting(stand, OPEN - len(READY))
    stand.world.tidegate("deliver", "--all")
    stand.gitlab.calls.clear()

    stand.world.tidegate("deliver", "--all")
    idle = counted(stand)
    assert sum(idle.values()) <= 50, idle  # 10 pages are brought up to date, and lists are read
    assert f"GET {OF_ONE}/approvals" not in idle

    for iid in (1, 2, 3):
        stand.approve(STAGING, "sam", iid)
    stand.gitlab.calls.clear()
    stand.world.tidegate("deliver", "--all")
    busy = counted(stand)
    assert sum(busy.values()) - sum(idle.values()) <= 12 * len(READY), busy - idle
    assert busy[f"PUT {OF_ONE}/merge"] == len(READY)
    looked_at = {one.path["merge_request_iid"] for one in stand.gitlab.calls if one.template == OF_ONE}
    assert looked_at == {"1", "2", "3"}
    states = Counter(one.state for one in stand.gitlab.projects[STAGING].requests.values())
    assert states == {"merged": len(READY), "opened": OPEN - len(READY)}


def waiting(stand: Stand, count: int) -> None:
    """Open merge requests by hand that nobody has approved, each from a branch of its own."""
    project = stand.gitlab.projects[STAGING]
    image, _, tag = image_of("staging", "1.1.3").rpartition(":")
    text = helm_release("staging", tag, repository=image)
    now, author = stand.gitlab.now(), stand.gitlab.user("dana")
    for number in range(count):
        iid, name = len(project.requests) + 1, f"by-hand-{number}"
        commit_files(stand.world.repository(STAGING), name, {file_of("staging"): text + b"# %d\n" % number})
        stand.gitlab.open(project, MergeRequest(5000 + iid, iid, author, name, "main", name, "", now, now))
