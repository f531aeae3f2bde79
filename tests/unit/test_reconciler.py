from __future__ import annotations

import logging
from datetime import timedelta
from threading import Event

import pytest

from support.engine_world import PRODUCTION, STAGING, EngineWorld
from support.kept_keys import Keys
from tidegate.engine.views.board import BoardCell, BoardState, Gap
from tidegate.engine.views.explanation import explain
from tidegate.engine.views.status import Cell, look
from tidegate.engine.world import World
from tidegate.errors.forge import ForgeUnreachable
from tidegate.model import Environment, Gates, Promote, Service
from tidegate.model.key import EverythingKey, Key, MergeRequestKey, ServiceKey
from tidegate.server import cell_memory
from tidegate.server.board_store import BoardStore
from tidegate.server.metrics import Metrics
from tidegate.server.reconciler import Outcome, Reconciler
from tidegate.server.step_log import HandedBack
from tidegate.server.work import Work

STAGING_1 = MergeRequestKey(STAGING, 1)


class Town(EngineWorld):
    """The engine's world with a reconciler over it."""

    def __init__(self) -> None:
        super().__init__()
        self.queue, self.board, self.stopping = Keys(), BoardStore(), Event()
        self.reconciler = Reconciler(lambda: self.world("gate"), self.queue, self.board, self.stopping)

    def handle(self, key: Key) -> Outcome:
        return self.reconciler.handle(key)

    def settle(self) -> None:
        """Resync, and handle what comes of it until nothing does."""
        self.queue.add([EverythingKey()])
        for _ in range(30):
            taken = self.queue.taken()
            if not taken:
                return
            for key in sorted(taken, key=str):
                self.handle(key)
        raise AssertionError(f"it goes round in a circle: {taken}")

    def cell(self, environment: str, service: str = "inventory") -> BoardCell:
        found = self.board.snapshot.board.cell(ServiceKey(service, environment))
        assert found is not None
        return found

    def why(self, environment: str, service: str = "inventory") -> str:
        world = self.world()
        return explain(world, world.service(service), world.environment(environment)).sentence


@pytest.fixture
def town() -> Town:
    return Town()


def test_a_resync_shows_every_cell_with_the_sentence_of_why(town: Town) -> None:
    town.handle(EverythingKey())
    assert not town.queue.taken()
    assert town.board.snapshot.board.environments == ("dev", "e2e", "staging", "production")
    for service in ("inventory", "billing"):
        for environment in ("e2e", "staging", "production"):
            assert town.cell(environment, service).sentence == town.why(environment, service)
    assert (town.cell("dev").state, town.cell("dev").sentence) == (BoardState.SETTLED, "dev has inventory 1.1.3")
    assert town.cell("e2e").state is BoardState.WAITING
    assert town.cell("production").state is BoardState.SETTLED


def test_a_resync_reads_again_what_has_changed_and_only_that(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    town.bring("e2e")
    read: list[tuple[str, str]] = []

    def counted(world: World, service: Service, environment: Environment) -> Cell:
        read.append((service.name, environment.name))
        return look(world, service, environment)

    monkeypatch.setattr(cell_memory, "look", counted)
    town.handle(EverythingKey())
    assert len(read) == 8
    del read[:]
    town.handle(EverythingKey())
    assert not read
    town.build("1.1.4")
    town.push("e2e", "1.1.3-rc1", "something else")
    town.handle(EverythingKey())
    assert read == [("inventory", "dev")]
    assert town.cell("dev").version == "1.1.4"
    assert town.cell("e2e").state is BoardState.DRIFTED, "the registry is asked each time"
    town.write("platform/gitops", {town.path("dev"): b"kind: HelmRelease\nspec: ["})
    for _ in range(2):
        del read[:]
        town.handle(EverythingKey())
        assert read == [("inventory", "dev")], "what can't be read is not remembered"


def test_what_is_approved_is_delivered(town: Town) -> None:
    town.bring("e2e")
    opened = town.promote("staging").merge_request
    assert opened is not None
    assert town.handle(MergeRequestKey(STAGING, opened.iid)) is Outcome.WAITS
    assert town.cell("staging").state is BoardState.WAITING
    assert town.cell("staging").sentence == town.why("staging")
    town.approve(opened, "stella")
    assert town.handle(MergeRequestKey(STAGING, opened.iid)) is Outcome.DELIVERED
    assert (town.cell("staging").version, town.cell("staging").state) == ("1.1.3", BoardState.SETTLED)
    assert town.queue.taken() == {ServiceKey("inventory", "production")}
    assert town.handle(MergeRequestKey(STAGING, opened.iid)) is Outcome.DELIVERED, "handled twice, it finds its work"


def test_a_resync_finds_what_no_webhook_told(town: Town) -> None:
    town.bring("e2e")
    opened = town.promote("staging").merge_request
    assert opened is not None
    town.handle(EverythingKey())
    assert town.queue.taken() == {STAGING_1}
    assert "is being looked at" in town.cell("staging").sentence
    town.approve(opened, "stella")
    town.settle()
    assert town.cell("staging").version == "1.1.3"


def test_a_service_whose_merge_request_may_go_has_it_queued(town: Town) -> None:
    town.promote("e2e")
    town.handle(ServiceKey("inventory", "e2e"))
    assert town.cell("e2e").state is BoardState.MOVING
    assert town.queue.taken() == {MergeRequestKey("platform/gitops", 1)}


def test_manual_is_left_to_people(town: Town) -> None:
    town.settle()
    assert not town.forge.merge_requests("platform/gitops")


def test_auto_promotes_what_its_source_has_once(town: Town) -> None:
    town.change("e2e", promote=Promote.AUTO)
    town.change("staging", promote=Promote.AUTO)
    town.settle()
    assert town.cell("e2e").version == "1.1.3"
    (opened,) = (one for one in town.forge.merge_requests(STAGING) if "inventory" in one.title)
    town.settle()
    assert town.forge.merge_requests(STAGING, source_branch=opened.source_branch) == (opened,)
    town.build("1.1.4")
    town.settle()
    assert town.cell("staging").moving == "1.1.4"
    assert len(town.forge.merge_requests(STAGING, state=None, source_branch=opened.source_branch)) == 1


def test_auto_waits_until_the_release_has_soaked(town: Town) -> None:
    town.bring("e2e")
    town.change("staging", promote=Promote.AUTO, gates=Gates(timedelta(hours=1)))
    town.handle(ServiceKey("inventory", "staging"))
    assert town.cell("staging").state is BoardState.MOVING
    assert not town.forge.merge_requests(STAGING)
    town.clock.advance(timedelta(hours=1))
    assert town.handle(ServiceKey("inventory", "staging")) is Outcome.PROMOTED
    assert town.forge.merge_requests(STAGING)


def test_auto_does_not_undo_what_a_person_closed(town: Town) -> None:
    town.bring("e2e")
    town.change("staging", promote=Promote.AUTO)
    town.handle(ServiceKey("inventory", "staging"))
    (opened,) = town.forge.merge_requests(STAGING)
    town.forge.close(STAGING, opened.iid, user="stella")
    town.settle()
    assert not [one for one in town.forge.merge_requests(STAGING) if "inventory" in one.title]
    town.push("e2e", "1.1.4-rc1")
    town.declare("e2e", "1.1.4-rc1")
    town.handle(ServiceKey("inventory", "staging"))
    assert [one.iid > opened.iid for one in town.forge.merge_requests(STAGING) if "inventory" in one.title] == [True]


def test_auto_does_not_undo_a_rollback(town: Town) -> None:
    town.bring("e2e")
    town.bring("staging")
    town.push("e2e", "1.1.4-rc1")
    town.declare("e2e", "1.1.4-rc1")
    town.bring("staging")
    town.declare("staging", "1.1.3")
    town.change("staging", promote=Promote.AUTO)
    town.handle(ServiceKey("inventory", "staging"))
    assert not town.forge.merge_requests(STAGING)


def test_how_far_behind(town: Town) -> None:
    town.bring("e2e")
    since = []
    for version in ("1.1.4", "1.1.5"):
        town.clock.advance(timedelta(days=1))
        town.push("dev", version)
        town.declare("dev", version)
        since.append(town.clock.now())
    town.handle(ServiceKey("inventory", "e2e"))
    assert town.cell("e2e").gap == Gap(2, since[0])
    town.handle(ServiceKey("inventory", "staging"))
    assert town.cell("staging").gap is None


def test_an_overwritten_tag_is_drift(town: Town) -> None:
    town.bring("e2e")
    town.push("e2e", "1.1.3-rc1", "something else")
    town.handle(EverythingKey())
    assert town.cell("e2e").state is BoardState.DRIFTED
    assert town.cell("e2e").sentence == town.why("e2e")
    assert town.cell("staging").state is BoardState.BLOCKED


def test_what_can_not_be_read_is_unknown_and_hides_nothing(town: Town) -> None:
    town.write("platform/gitops", {town.path("e2e"): b"kind: HelmRelease\nspec: ["})
    town.handle(EverythingKey())
    cell = town.cell("e2e")
    assert (cell.state, cell.sentence) == (BoardState.UNKNOWN, town.why("e2e"))
    assert cell.faults
    assert town.cell("e2e", "billing").state is not BoardState.UNKNOWN


def test_a_failed_delivery_is_told_in_its_cell(town: Town) -> None:
    town.bring("e2e")
    opened = town.promote("staging").merge_request
    assert opened is not None
    town.handle(STAGING_1)
    town.approve(opened, "stella")
    metrics = Metrics(town.queue, town.board)
    work = Work(town.reconciler, metrics, jitter=lambda: 0.0)
    town.forge.merge = _unreachable  # type: ignore[method-assign]
    assert work(STAGING_1, 3) == 4.0
    assert [fault.code for fault in town.cell("staging").faults] == ["forge/unreachable"]
    text = metrics.text().decode()
    assert 'tidegate_errors_total{code="forge/unreachable"} 1.0' in text
    assert 'tidegate_keys_handled_total{kind="merge-request",outcome="failed"} 1.0' in text


def test_open_promotions_and_deliveries_are_counted(town: Town) -> None:
    metrics = Metrics(town.queue, town.board)
    reconciler = Reconciler(lambda: town.world("gate"), town.queue, town.board, town.stopping, count=metrics.delivered)
    town.bring("e2e")
    opened = town.promote("staging").merge_request
    assert opened is not None
    assert reconciler.handle(STAGING_1) is Outcome.WAITS
    assert 'tidegate_promotions_open{environment="staging",state="waiting"} 1.0' in metrics.text().decode()
    town.approve(opened, "stella")
    town.clock.advance(timedelta(hours=30))
    for _ in range(2):  # the second time it is merged already
        assert reconciler.handle(STAGING_1) is Outcome.DELIVERED
    text = metrics.text().decode()
    assert "tidegate_promotions_open{" not in text
    assert 'tidegate_delivery_seconds_count{environment="staging"} 1.0' in text
    assert 'tidegate_promotion_seconds_bucket{environment="staging",le="86400.0"} 0.0' in text
    assert 'tidegate_promotion_seconds_bucket{environment="staging",le="172800.0"} 1.0' in text


def _unreachable(*_arguments: object, **_options: object) -> None:
    raise ForgeUnreachable("no answer")


def test_what_does_not_help_to_repeat_is_not_repeated(town: Town) -> None:
    work = Work(town.reconciler, Metrics(town.queue, town.board))
    assert work(MergeRequestKey(STAGING, 99), 0) is None
    assert town.handle(MergeRequestKey("somebody/else", 1)) is Outcome.LOOKED
    assert town.handle(ServiceKey("nothing", "e2e")) is Outcome.LOOKED


def test_a_bug_ends_no_worker(town: Town, caplog: pytest.LogCaptureFixture) -> None:
    def broken() -> None:
        raise ZeroDivisionError

    reconciler = Reconciler(broken, town.queue, town.board, town.stopping)  # type: ignore[arg-type]
    work = Work(reconciler, Metrics(town.queue, town.board))
    with caplog.at_level(logging.ERROR):
        assert work(EverythingKey(), 0) is not None
    assert not work.resynced.is_set()
    assert "ZeroDivisionError" in caplog.text


def test_the_first_resync_is_told(town: Town) -> None:
    work = Work(town.reconciler, Metrics(town.queue, town.board))
    assert work(EverythingKey(), 0) is None
    assert work.resynced.is_set()


def test_no_further_step_is_begun_when_the_process_ends(town: Town) -> None:
    town.bring("e2e")
    opened = town.promote("staging").merge_request
    assert opened is not None
    town.approve(opened, "stella")
    town.stopping.set()
    with pytest.raises(HandedBack):
        town.handle(STAGING_1)
    assert town.held("staging", "1.1.3") is None
    work = Work(town.reconciler, Metrics(town.queue, town.board))
    assert work(STAGING_1, 0) == 0.0, "whoever is there takes it at once"
    town.stopping.clear()
    assert town.handle(STAGING_1) is Outcome.DELIVERED
    assert town.file(STAGING, town.path("staging")) is not None
    assert not town.forge.merge_requests(PRODUCTION)
