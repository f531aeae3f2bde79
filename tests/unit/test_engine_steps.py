"""Steps by themselves, and plans as data."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from support.engine_world import (
    GITOPS,
    STAGING,
    STAGING_FILE,
    EngineWorld,
    on_approval,
)
from support.golden import assert_golden
from tidegate.engine.plan import Plan
from tidegate.engine.run import run_plan
from tidegate.engine.steps import (
    STEPS,
    Comment,
    CopyImage,
    Merge,
    Run,
    VerifyImage,
)
from tidegate.errors.forge import MergeRequestNotOpen
from tidegate.errors.registry import ManifestMissing, TagExists
from tidegate.errors.release import MergedDifferently, TagMoved
from tidegate.model import MergeRequest


@pytest.fixture
def staged() -> EngineWorld:
    return EngineWorld.staged()


def test_a_copy_never_overwrites(staged: EngineWorld) -> None:
    digest = staged.held("e2e", "1.1.3-rc1")
    assert digest is not None
    held = staged.push("staging", "1.1.3", "something else")
    step = CopyImage(staged.image("e2e", "1.1.3-rc1").with_digest(digest), staged.image("staging", "1.1.3"))
    with pytest.raises(TagExists):
        run_plan(Plan("", (step,)), staged.world(), staged.told)
    assert staged.held("staging", "1.1.3") == held


def test_a_merge_that_somebody_else_made_is_adopted(staged: EngineWorld) -> None:
    request = staged.opened("staging")
    staged.approve(request, "stella")
    plan = staged.look(request).plan
    assert plan is not None
    staged.deliver(request)
    before = staged.commits(STAGING)
    assert "is merged as" in plan.steps[-1].perform(Run(staged.world("gate"))).text
    assert staged.commits(STAGING) == before


def test_a_merge_that_made_other_bytes_is_told_at_once(staged: EngineWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a forge that can't be told which bytes must come out, and somebody else has changed the very same file."""
    honest = staged.forge.merge

    def merge(*names: object, files: object, **more: object) -> MergeRequest:
        del files
        return honest(*names, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(staged.forge, "merge", merge)
    request = staged.opened("staging")
    staged.approve(request, "stella")
    plan = staged.look(request).plan
    assert plan is not None
    (merge,) = (step for step in plan.steps if isinstance(step, Merge))
    decided = dict.fromkeys(merge.files, b"what was decided")
    with pytest.raises(MergedDifferently, match="is not what was decided on"):
        replace(merge, files=decided).perform(Run(staged.world("gate")))


def test_verifying_tells_missing_from_moved(staged: EngineWorld) -> None:
    digest = staged.held("e2e", "1.1.3-rc1")
    assert digest is not None
    plan = Plan("", (VerifyImage(staged.image("staging", "1.1.3").with_digest(digest)),))
    with pytest.raises(ManifestMissing):
        run_plan(plan, staged.world(), staged.told)
    staged.push("staging", "1.1.3", "something else")
    with pytest.raises(TagMoved):
        run_plan(plan, staged.world(), staged.told)


def test_a_closed_merge_request_is_not_merged(staged: EngineWorld) -> None:
    request = staged.ready()
    plan = staged.look(request).plan
    assert plan is not None
    staged.forge.close(STAGING, request.iid, user="stella")
    with pytest.raises(MergeRequestNotOpen):
        run_plan(plan, staged.world(), staged.told)
    assert staged.file(STAGING, STAGING_FILE) is None


def test_the_first_error_ends_a_plan(staged: EngineWorld) -> None:
    digest = staged.held("e2e", "1.1.3-rc1")
    assert digest is not None
    steps = (VerifyImage(staged.image("staging", "9.9.9").with_digest(digest)), Comment(GITOPS, 1, "never", "x"))
    with pytest.raises(ManifestMissing):
        run_plan(Plan("", steps), staged.world(), staged.told)
    assert staged.told.outcomes == []


def test_plans_are_data(staged: EngineWorld) -> None:
    """Stable: made twice they are equal, and as JSON they are the golden file."""
    on_approval(staged, "staging")
    promotion = staged.plan("staging")
    assert promotion == staged.plan("staging")
    request = staged.ready()
    delivery = staged.look(request).plan
    assert delivery is not None
    assert delivery == staged.look(request).plan
    records = [promotion.record(), delivery.record()]
    assert_golden("plans.json", json.dumps(records, indent=2, ensure_ascii=False) + "\n")


def test_every_step_has_a_kind_of_its_own() -> None:
    assert len({step.kind for step in STEPS}) == len(STEPS)
    assert {step.__name__ for step in STEPS} == {
        "ClaimLine",
        "Comment",
        "CommitFiles",
        "CopyImage",
        "Merge",
        "OpenMergeRequest",
        "Tell",
        "Unschedule",
        "VerifyImage",
    }
