"""Who may approve and deliver, and what the buttons say."""

from __future__ import annotations

from dataclasses import replace

import pytest

from support.cell_world import cell_town, read, world
from support.engine_world import INVENTORY, EngineWorld
from tidegate.engine.views.cell_detail import CellDetail
from tidegate.model import ApprovalRule
from tidegate.model.role import Role, Scope
from tidegate.server.access.visitor import NOBODY, Proof, Visitor
from tidegate.server.pages.actions import actions_for


@pytest.fixture
def town() -> EngineWorld:
    return cell_town()


@pytest.fixture
def staged() -> EngineWorld:
    """Return a world with a merge request to staging, opened by alice."""
    town = cell_town()
    town.promote("staging")
    return town


def person(name: str, role: Role = Role.ADMIN, *environments: str) -> Visitor:
    return Visitor(name, Proof.SESSION, (Scope(role, frozenset(environments) or None),), "csrf")


def refusals(detail: CellDetail, visitor: Visitor) -> dict[str, str | None]:
    return {each.name: each.refusal for each in actions_for(visitor, detail, approves=True)}


def test_who_may_and_whose_approval_counts_can_press(staged: EngineWorld) -> None:
    found = refusals(read(world(staged), "staging"), person("stella"))
    assert found["approve"] is None
    assert found["promote"] == "platform/gitops-staging!1 brings it already"
    assert "needs 1 approval" in (found["deliver"] or "")


def test_a_button_says_why_it_can_not_be_pressed(staged: EngineWorld) -> None:
    detail = read(world(staged), "staging")
    assert refusals(detail, NOBODY)["approve"] == "sign in first"
    assert refusals(detail, person("alice"))["approve"] == (
        "it would not count: approvals are asked from group:platform/testers"
    )
    viewer = refusals(detail, person("stella", Role.VIEWER))
    assert viewer["approve"] == "stella may not approve to staging: it takes the role promoter"
    elsewhere = refusals(detail, person("stella", Role.ADMIN, "e2e"))
    assert "may not deliver to staging" in (elsewhere["deliver"] or "")


def test_whose_own_merge_request_it_is_reads_that_it_would_not_count(town: EngineWorld) -> None:
    town.change("staging", approvals=ApprovalRule(1, (), not_author=True))
    town.promote("staging")
    detail = read(world(town), "staging")
    assert refusals(detail, person("alice"))["approve"] == "it would not count: you have opened it"
    assert refusals(detail, person("bob"))["approve"] is None


def test_once_approved_it_can_be_delivered_and_not_approved_again(staged: EngineWorld) -> None:
    (request,) = staged.forge.merge_requests("platform/gitops-staging")
    staged.approve(request, "stella")
    found = refusals(read(world(staged), "staging"), person("stella"))
    assert found["approve"] == "you have approved it"
    assert found["deliver"] is None


def test_a_forge_with_pages_of_its_own_is_where_people_approve(staged: EngineWorld) -> None:
    actions = actions_for(person("stella"), read(world(staged), "staging"), approves=False)
    assert [each.name for each in actions] == ["promote", "deliver"]


def test_a_name_in_a_command_is_quoted_for_the_shell(town: EngineWorld) -> None:
    detail = read(world(town))
    odd = replace(
        detail,
        explanation=replace(
            detail.explanation,
            target=replace(detail.cell, service=replace(INVENTORY, name="in ventory")),  # type: ignore[type-var]
        ),
    )
    assert actions_for(NOBODY, odd, approves=True)[0].command == "tidegate promote 'in ventory' --to e2e"
