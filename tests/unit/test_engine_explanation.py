"""Why a version waits, in one sentence and with every reason."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from support.engine_world import GITOPS, INVENTORY, POLICY, PRD_IMAGE, STAGING, EngineWorld, helm_release
from tidegate.engine.views.explanation import explain, moving_merge_requests
from tidegate.errors.forge import ForgeUnreachable
from tidegate.errors.git import TreeTooLarge
from tidegate.errors.release import LaneBroken
from tidegate.model import MergeRequest
from tidegate.testing.forge import FakeForge
from tidegate.testing.gitops import FakeRepo


@pytest.fixture
def town() -> EngineWorld:
    return EngineWorld()


def _nothing(_: EngineWorld) -> None:
    """Dev has 1.1.3."""


def _promoted(town: EngineWorld) -> None:
    town.promote("e2e")


def _outdated(town: EngineWorld) -> None:
    town.promote("e2e")
    town.build("1.1.4")


def _blocked(town: EngineWorld) -> None:
    town.promote("e2e")
    town.push("e2e", "1.1.3-rc1", "in the way")


def _taken(town: EngineWorld) -> None:
    """A hand-made file stands where the HelmRelease would go."""
    town.write(GITOPS, {town.path("e2e"): b"kind: ConfigMap\n"})


def _edited(town: EngineWorld) -> None:
    """Somebody's own commit on the branch would be lost."""
    town.promote("e2e")
    town.write(
        GITOPS, {"clusters/e2e/inventory/x.txt": b"x"}, "tidegate/inventory/to-e2e", author="bob", subject="Mine"
    )
    town.build("1.1.4")


def _gone(town: EngineWorld) -> None:
    town.bring("e2e")
    town.images.delete(town.image("e2e", "1.1.3-rc1"))


def _settled(town: EngineWorld) -> None:
    town.bring("e2e")


def _rebuilt(town: EngineWorld) -> None:
    town.bring("e2e")
    town.push("dev", "1.1.3", "rebuilt")


def _missing(town: EngineWorld) -> None:
    town.declare("dev", "1.1.9")


def _broken(town: EngineWorld) -> None:
    town.write(GITOPS, {town.path("dev"): b"kind: HelmRelease\nspec: [\n"})


def _empty(town: EngineWorld) -> None:
    town.write(GITOPS, {town.path("dev"): None})


@pytest.mark.parametrize(
    ("happened", "expected"),
    [
        (_nothing, "1.1.3 waits: no merge request; open one with `tidegate promote inventory --to e2e`"),
        (_promoted, "1.1.3 is ready: `tidegate deliver inventory --to e2e` delivers platform/gitops!1"),
        (
            _outdated,
            "1.1.4 waits: platform/gitops!1 brings 1.1.3-rc1; update it with `tidegate promote inventory --to e2e`",
        ),
        (
            _blocked,
            (
                "1.1.3 is refused: e2e.example/team/inventory:1.1.3-rc1 exists with another digest: "
                "it holds 0e365a207a70, the release is 60e9906569bc"
            ),
        ),
        (
            _taken,
            (
                "1.1.3 waits: no merge request; `tidegate promote inventory --to e2e` would be refused: "
                "clusters/e2e/inventory/release.yaml: clusters/e2e/inventory/release.yaml would be overwritten: "
                "it is there, and is no HelmRelease of inventory"
            ),
        ),
        (
            _edited,
            (
                "1.1.4 waits: platform/gitops!1 brings 1.1.3-rc1; "
                "`tidegate promote inventory --to e2e` would be refused: "
                "platform/gitops branch tidegate/inventory/to-e2e: platform/gitops!1 has a commit by bob ('Mine') "
                "that would be lost"
            ),
        ),
        (
            _gone,
            (
                "1.1.3 waits: no merge request; `tidegate promote inventory --to e2e` would be refused: "
                "platform/gitops: clusters/e2e/inventory/release.yaml:10: e2e names "
                "e2e.example/team/inventory:1.1.3-rc1, which does not exist"
            ),
        ),
        (_settled, "e2e has inventory 1.1.3-rc1, the newest of dev"),
        (_rebuilt, "1.1.3 waits: no merge request; open one with `tidegate promote inventory --to e2e`"),
        (_missing, "dev.example/team/inventory:1.1.9 does not exist in the registry of dev"),
        (_empty, "dev has no inventory yet"),
    ],
)
def test_why_is_one_sentence(town: EngineWorld, happened: Callable[[EngineWorld], None], expected: str) -> None:
    happened(town)
    assert town.sentence("e2e") == expected


def _narrowed(town: EngineWorld) -> None:
    """Somebody moved dev's range to where there is no image yet."""
    town.bring("e2e")
    town.write(GITOPS, {town.path("dev", name="policy.yaml"): POLICY.replace(b"1.1.x", b"9.x")})


def test_why_says_what_promote_says_of_a_broken_lane(town: EngineWorld) -> None:
    _narrowed(town)
    with pytest.raises(LaneBroken) as refused:
        town.plan("e2e")
    command = "`tidegate promote inventory --to e2e` would be refused"
    assert town.sentence("e2e") == f"e2e has inventory 1.1.3-rc1; {command}: {refused.value}"
    world = town.world()
    assert not explain(world, INVENTORY, world.environment("e2e")).settled


def test_the_same_image_with_another_manifest_is_not_settled(town: EngineWorld) -> None:
    town.retune()
    assert town.plan("e2e").diff
    told = town.sentence("e2e")
    assert told.startswith("1.1.3's changed manifest waits: no merge request; open one with `tidegate promote")
    town.bring("e2e")
    assert town.sentence("e2e") == "e2e has inventory 1.1.3-rc1, the newest of dev"


def test_why_tells_of_a_source_that_cannot_be_read(town: EngineWorld) -> None:
    _broken(town)
    assert town.sentence("e2e").startswith("dev's inventory can't be read: clusters/dev/inventory/release.yaml:3:1: ")


def test_why_tells_every_reason_strictest_first(town: EngineWorld) -> None:
    town.bring("e2e")
    request = town.opened("staging")
    town.push("staging", "1.1.3", "in the way")
    told = town.sentence("staging")
    assert told.startswith("1.1.3 is refused: prd.example/team/inventory:1.1.3 exists with another digest")
    assert told.endswith(f"; {request.ref} needs 1 approval from group:platform/testers")


def test_of_several_merge_requests_tidegates_own_is_explained(town: EngineWorld) -> None:
    town.bring("e2e")
    town.open("staging", PRD_IMAGE, "a-by-hand")
    own = town.opened("staging")
    world = town.world()
    assert explain(world, INVENTORY, world.environment("staging")).merge_request == town.forge.merge_request(
        STAGING, own.iid
    )


def test_merge_requests_of_other_services_and_environments_are_not_explained(town: EngineWorld) -> None:
    billing = helm_release("prd.example/team/billing:2.0.0", service="billing")
    town.write(STAGING, {town.path("staging", "billing"): billing}, "billing")
    town.request(STAGING, "billing")
    town.promote("e2e")
    world = town.world()
    assert explain(world, INVENTORY, world.environment("staging")).merge_request is None


def test_a_repository_that_is_missing_is_told_where_it_matters_only(town: EngineWorld) -> None:
    town.change("production", repo="platform/gone")
    assert town.sentence("e2e").startswith("1.1.3 waits")
    town.bring("e2e")
    town.bring("staging")
    told = town.sentence("production")
    assert told.startswith("production's inventory can't be read: ")
    town.change("staging", repo="platform/gone")
    world = town.world()
    found = explain(world, INVENTORY, world.environment("production"))
    assert found.sentence.startswith("staging's inventory can't be read: ")
    assert [fault.code for fault in found.faults] == [
        "git/repository-missing",
        "git/repository-missing",
        "forge/project-missing",
    ]


def test_merge_requests_that_cannot_be_read_are_told(town: EngineWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    def unanswered(_forge: FakeForge, _project: str, **_how: object) -> None:
        raise ForgeUnreachable("no connection")

    monkeypatch.setattr(FakeForge, "merge_requests", unanswered)
    assert town.sentence("e2e") == "1.1.3 waits, and not every merge request can be read: no connection"


def test_one_that_cannot_be_read_hides_no_other(town: EngineWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    town.bring("e2e")
    town.write(STAGING, {"bomb": b"x"}, "bomb")
    bomb = town.request(STAGING, "bomb")
    opened = town.opened("staging")
    changed_files = FakeRepo.changed_files

    def changed(repo: FakeRepo, base: str, head: str) -> tuple[str, ...]:
        if head == bomb.head:
            raise TreeTooLarge("it has too many files")
        return changed_files(repo, base, head)

    monkeypatch.setattr(FakeRepo, "changed_files", changed)
    world = town.world()
    found = explain(world, INVENTORY, world.environment("staging"))
    assert bomb.iid < opened.iid
    told = [(fault.code, str(fault)) for fault in found.unread]
    assert (found.merge_request and found.merge_request.iid, told) == (
        opened.iid,
        [("git/tree-too-large", f"{bomb.ref}: it has too many files")],
    )
    with pytest.raises(TreeTooLarge, match=bomb.ref):
        list(moving_merge_requests(world, INVENTORY, world.environment("staging")))


def test_the_forge_is_asked_in_full_only_for_merge_requests_that_move_the_service(
    town: EngineWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    town.bring("e2e")
    opened = town.opened("staging")
    for number in range(3):
        town.write(STAGING, {f"notes-{number}.md": b"nothing\n"}, f"notes-{number}")
        town.request(STAGING, f"notes-{number}")
    asked: list[int] = []
    whole = town.forge.merge_request

    def merge_request(project: str, iid: int) -> MergeRequest:
        asked.append(iid)
        return whole(project, iid)

    monkeypatch.setattr(town.forge, "merge_request", merge_request)
    world = town.world()
    explanation = explain(world, INVENTORY, world.environment("staging"))
    assert explanation.merge_request is not None
    assert asked == [opened.iid]
