"""All about one cell: images, commits, its merge request, and where they are read."""

from __future__ import annotations

from dataclasses import replace

import pytest

from support.cell_world import GITLAB, MIDDLE, NEW, OLD, cell_town, node, read, view, world
from support.engine_world import EngineWorld
from tidegate.engine.views.board import Fault
from tidegate.engine.views.timeline import Stay
from tidegate.errors.registry import ManifestMissing, RegistryUnreachable
from tidegate.model import ImageRef
from tidegate.model.image_node import ImageNode
from tidegate.model.merge_request import CiPipeline
from tidegate.server.pages.board_view import cell_view
from tidegate.server.pages.detail_view import diff_lines
from tidegate.server.pages.pages import Page
from tidegate.server.pages.rendering import make_templates, static_files
from tidegate.testing.clock import START
from tidegate.testing.images_port import FakeImages
from tidegate.testing.tags import FakeVersionTags


@pytest.fixture
def town() -> EngineWorld:
    return cell_town()


@pytest.fixture
def staged() -> EngineWorld:
    """Return a world with a merge request to staging, opened by alice."""
    town = cell_town()
    town.promote("staging")
    return town


def test_images_are_told_with_platforms_and_what_is_attached(town: EngineWorld) -> None:
    has, source = view(read(world(town))).images
    assert (has.role, has.reference) == ("It has", "e2e.example/team/inventory:1.1.3-rc1")
    assert (source.role, source.reference) == ("Promoted from", "dev.example/team/inventory:1.1.4")
    assert source.digest == str(town.held("dev", "1.1.4"))
    assert source.platforms == ("linux/amd64", "linux/arm64")
    assert [word for word, _ in source.attached or ()] == ["signature", "SBOM"]
    assert source.created_from == NEW


def test_an_image_that_both_environments_have_is_told_once(town: EngineWorld) -> None:
    """Staging and production share a registry, as the seed has it."""
    town.bring("staging")
    town.bring("production")
    here = replace(town.world(), inspect=lambda image: node(str(image.digest)))
    (both,) = view(read(here, "production")).images
    assert (both.role, both.reference) == (
        "It has, and so has the environment before",
        "prd.example/team/inventory:1.1.3",
    )
    assert view(read(here, "production")).commits is None


def test_commits_between_the_versions_are_listed_or_compared_at_the_forge(town: EngineWorld) -> None:
    listed = view(read(world(town))).commits
    assert listed is not None
    assert listed.lines == ((NEW[:12], "More"), (MIDDLE[:12], "Fix it"))
    assert listed.url is None
    compared = view(read(world(town), with_commits=False), GITLAB).commits
    assert compared is not None
    assert compared.lines == ()
    assert compared.url == f"https://gitlab.example.com/team/inventory/-/compare/{OLD}...{NEW}"


def test_a_registry_that_does_not_answer_hides_nothing_else(town: EngineWorld) -> None:
    def closed(image: ImageRef) -> ImageNode:
        raise RegistryUnreachable(f"{image.host} does not answer")

    found = view(read(replace(world(town), inspect=closed)))
    assert [image.attached for image in found.images] == [None, None], "nobody can say that nothing is"
    assert [image.fault for image in found.images] == ["e2e.example does not answer", "dev.example does not answer"]
    assert found.commits is None
    assert found.diff


def test_an_image_that_is_still_to_be_copied_is_no_fault(staged: EngineWorld) -> None:
    def empty(image: ImageRef) -> ImageNode:
        raise ManifestMissing(f"there is no {image}")

    source, moving = view(read(replace(world(staged), inspect=empty), "staging")).images
    assert (moving.role, moving.fault, moving.is_to_come) == ("On its way", None, True)
    assert (source.is_to_come, "there is no e2e.example/" in (source.fault or "")) == (False, True)


def test_a_commit_that_the_source_does_not_have_is_told(town: EngineWorld) -> None:
    here = replace(world(town), version_tags=lambda _: FakeVersionTags(OLD))
    commits = view(read(here)).commits
    assert commits is not None
    assert "no commit" in (commits.fault or "")


def test_an_open_merge_request_is_told_with_its_pipeline(staged: EngineWorld) -> None:
    detail = read(world(staged), "staging")
    shown = view(detail).request
    assert shown is not None
    assert (shown.ref, shown.author, shown.pipeline) == ("platform/gitops-staging!1", "alice", None)
    page = "https://gitlab.example.com/platform/gitops-staging/-/pipelines/7"
    words = {}
    for status in ("success", "failed", "manual", "pending", "sleeping"):
        request = replace(detail.merge_request, pipeline=CiPipeline(status, page))  # type: ignore[type-var]
        explanation = replace(detail.explanation, merge_request=request)  # type: ignore[type-var]
        told = view(replace(detail, explanation=explanation), GITLAB).request
        assert told is not None
        assert told.pipeline is not None
        assert told.pipeline.url == page
        words[status] = (told.pipeline.glyph, told.pipeline.word)
    assert words == {
        "success": ("✓", "has passed"),
        "failed": ("✕", "has failed"),
        "manual": ("◐", "waits for a person"),
        "pending": ("◌", "has not begun"),
        "sleeping": ("?", "is sleeping"),
    }


def test_the_drawer_links_pipeline_history_and_commits_to_the_forge(staged: EngineWorld) -> None:
    detail = read(world(staged), "staging")
    page = "https://gitlab.example.com/platform/gitops-staging"
    request = replace(detail.merge_request, pipeline=CiPipeline("failed", f"{page}/-/pipelines/7"))  # type: ignore[type-var]
    explanation = replace(detail.explanation, merge_request=request)  # type: ignore[type-var]
    stay = Stay("staging", "1.1.2", "1.1.2", START, None, "dana", "platform/gitops-staging!3", OLD)
    shown = view(replace(detail, explanation=explanation, stays=(stay,)), GITLAB)
    failed = Fault("registry/denied", "prd.example: denied", "give it the role `push`")
    html = (
        make_templates(static_files())
        .get_template("detail.html")
        .render(
            page=Page("", "", (), None),
            view=shown,
            cell=cell_view(detail.on_board(failed), START, is_first=False),
            hint=failed.hint,
            history_url="/x",
            events="/board/events",
        )
    )
    assert f'<a href="{page}/-/pipelines/7">Its pipeline</a> <span class="answer no">' in html
    assert f'<a href="{page}/-/merge_requests/3">platform/gitops-staging!3</a>' in html
    assert f'<a href="{page}/-/commit/{OLD}">{OLD[:12]}</a>' in html
    assert "The last attempt failed: prd.example: denied</p>" in html
    assert "give it the role <code>push</code>" in html
    assert '<span class="tag same">1.1.3-rc1<span class="vh"> (this image)</span></span>' in html


def test_a_gates_evidence_leads_to_its_page(staged: EngineWorld) -> None:
    detail = read(world(staged), "staging")
    page = "https://gitlab.example.com/platform/gitops-staging/-"
    request = replace(detail.merge_request, web_url=f"{page}/merge_requests/1")  # type: ignore[type-var]
    explanation = replace(detail.explanation, merge_request=request)  # type: ignore[type-var]
    gates = {each.gate: each for each in view(replace(detail, explanation=explanation), GITLAB).gates}
    links = [(piece.text, piece.url) for piece in gates["approvals"].pieces if piece.url]
    assert links == [("platform/gitops-staging!1", f"{page}/merge_requests/1")]
    beside = gates["manifest"].evidence
    assert beside is not None
    assert beside.url == f"{page}/blob/{request.head}/apps/inventory/release.yaml#L10"
    local = {each.gate: each for each in view(detail).gates}
    assert [piece.url for each in local.values() for piece in each.pieces] == [None] * len(local)


def test_the_tags_that_hold_an_image_are_told_and_the_versions_beside_it(town: EngineWorld) -> None:
    town.images.push(ImageRef("dev.example", "team/inventory", "latest"), "inventory 1.1.4")
    shown = view(read(world(town))).images[1].tags
    assert shown is not None
    assert shown.others == ("latest",)
    assert shown.versions == (("1.1.4", True), ("1.1.3", False))
    assert (shown.note, shown.more) == (None, 1)


def test_a_registry_that_keeps_its_list_of_tags_hides_nothing_else(town: EngineWorld) -> None:
    class Unlisted(FakeImages):
        def tags(self, host: str, repository: str) -> tuple[str, ...]:
            raise RegistryUnreachable(f"{host} does not tell {repository}'s tags")

    here = world(town)
    unlisted = Unlisted([])
    unlisted.digest = here.images.digest  # type: ignore[method-assign]
    here = replace(here, images=unlisted)
    has = view(read(here)).images[0]
    assert (has.tags, has.untold) == (None, "e2e.example does not tell team/inventory's tags")
    assert has.platforms == ("linux/amd64", "linux/arm64")


def test_lines_of_a_diff_are_known_by_their_place_not_by_their_first_characters_alone() -> None:
    diff = (
        "diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n--- old\n+++ new\n same\ndiff --git a/y b/y\n--- a/y\n"
    )
    assert [line.kind for line in diff_lines(diff)] == [
        "file",
        "file",
        "file",
        "hunk",
        "remove",
        "add",
        "keep",
        "file",
        "file",
    ]
    assert list(diff_lines("")) == []
