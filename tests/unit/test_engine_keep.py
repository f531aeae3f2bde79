"""What `keep:` names, where nothing is there to keep yet, and where a person changes it all the same."""

from __future__ import annotations

from dataclasses import replace

import pytest

from support.engine_world import E2E_IMAGE, INVENTORY, STAGING, EngineWorld, helm_release
from tidegate.engine.steps import OpenMergeRequest
from tidegate.errors.manifest import NotHelmRelease
from tidegate.flux.kept import not_kept
from tidegate.model import Answer, Carry

FILE = "apps/inventory/release.yaml"
REPLICAS = ("spec", "values", "replicaCount")
INGRESS = ("spec", "values", "ingress")


@pytest.fixture
def town() -> EngineWorld:
    """E2e has 1.1.3-rc1 with three replicas; neither has an ingress."""
    town = EngineWorld()
    town.services["inventory"] = replace(INVENTORY, carry=Carry.RELEASE, keep=(REPLICAS, INGRESS))
    town.push("e2e", "1.1.3-rc1")
    town.declare("e2e", "1.1.3-rc1", replicas=3)
    return town


def test_a_first_promotion_says_what_comes_along(town: EngineWorld) -> None:
    told = "keep: spec.values.replicaCount: staging has none yet, e2e's comes along"
    plan = town.plan("staging")
    assert plan.warnings == (told,)
    (opened,) = (step for step in plan.steps if isinstance(step, OpenMergeRequest))
    assert f"\n- {told}\n" in opened.description
    request = town.opened("staging")
    reason = town.reason(request, "keep")
    assert (reason.answer, reason.text, reason.evidence) == (Answer.GO, told, FILE)


def test_what_is_kept_is_not_worth_a_word(town: EngineWorld) -> None:
    town.push("staging", "1.1.2")
    town.declare("staging", "1.1.2", replicas=9)
    assert town.plan("staging").warnings == ()
    request = town.opened("staging")
    assert town.reasons(request, "keep") == []


def test_a_copy_by_hand_says_what_it_does_not_keep(town: EngineWorld) -> None:
    town.push("staging", "1.1.2")
    town.declare("staging", "1.1.2", replicas=9)
    town.write(STAGING, {FILE: helm_release(E2E_IMAGE, replicas=3)}, "by-hand")
    request = town.request(STAGING, "by-hand")
    reason = town.reason(request, "keep")
    assert reason.text == "keep: spec.values.replicaCount does not stay as it is: the merge request changes it"
    assert reason.answer is Answer.GO
    town.approve(request, "stella")
    assert town.answer(request) is Answer.GO


@pytest.mark.parametrize(
    ("data", "before", "expected"),
    [
        (b"{a: 1}", b"{a: 1}", ()),
        (b"{a: 1} # a comment", b"{a:  1}", ()),
        (b"{a: 1}", b"{a: 2}", ("a",)),
        (b"{a: {b: 1, c: 2}}", b"{a: {b: 1}}", ("a", "a.c")),
        (b"{a: {b: 1}}", b"{}", ("a",)),
        (b"{}", b"{a: {c: 1}}", ("a", "a.c")),
        (b"{a: 1}", None, ("a",)),
        (b"{}", None, ()),
    ],
)
def test_values_are_compared(data: bytes, before: bytes | None, expected: tuple[str, ...]) -> None:
    def release(values: bytes) -> bytes:
        return b"apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nspec:\n  values: " + values + b"\n"

    keep = (("spec", "values", "a"), ("spec", "values", "a", "c"))
    found = not_kept(release(data), None if before is None else release(before), keep)
    assert tuple(".".join(path[2:]) for path in found) == expected


def test_a_file_without_a_helmrelease_is_an_error() -> None:
    with pytest.raises(NotHelmRelease):
        not_kept(b"kind: ConfigMap\n", None, (REPLICAS,))
