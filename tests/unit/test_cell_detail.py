"""All about one cell: images, commits, who may approve, and what the buttons say."""

from __future__ import annotations

from dataclasses import replace

import pytest

from support.engine_world import INVENTORY, EngineWorld
from tidegate.config import GitLabForge, LocalForge
from tidegate.engine.board import Fault
from tidegate.engine.cell_detail import REVISION, CellDetail, ImageSeen, read_detail
from tidegate.engine.timeline import Stay
from tidegate.engine.world import World
from tidegate.errors.registry import ManifestMissing, RegistryUnreachable
from tidegate.model import ApprovalRule, Digest, ImageRef
from tidegate.model.image_node import ImageNode
from tidegate.model.manifest import OCI_INDEX, OCI_MANIFEST, Descriptor
from tidegate.model.merge_request import CiPipeline
from tidegate.model.role import Role, Scope
from tidegate.ports import HistoryCommit
from tidegate.server.access.visitor import NOBODY, Proof, Visitor
from tidegate.server.pages.actions import actions_for
from tidegate.server.pages.board_view import cell_view
from tidegate.server.pages.detail_view import DetailView, detail_view, diff_lines
from tidegate.server.pages.forge_pages import commit_url, compare_url, evidence_url, merge_request_url
from tidegate.server.pages.image_view import attached_as, image_view
from tidegate.server.pages.pages import Page
from tidegate.server.pages.rendering import make_templates, static_files
from tidegate.testing.clock import START
from tidegate.testing.images_port import FakeImages
from tidegate.testing.tags import FakeVersionTags

OLD, MIDDLE, NEW = ("a" * 40, "b" * 40, "c" * 40)
LOCAL = LocalForge(None, None, {})
GITLAB = GitLabForge("https://gitlab.example.com/")
SOURCE = replace(INVENTORY, source="team/inventory")


def node(seed: str, *, revision: str | None = None, **more: object) -> ImageNode:
    """Return an image of one platform, or whatever else `more` makes of it."""
    values: dict[str, object] = {
        "platform": None,
        "artifact_type": None,
        "labels": {REVISION: revision} if revision else {},
        "blobs": (),
        "foreign": (),
        "children": (),
        "referrers": (),
    }
    return ImageNode(Descriptor(OCI_MANIFEST, Digest.of(seed.encode()), 10), **(values | more))  # type: ignore[arg-type]


def index(seed: str, revision: str) -> ImageNode:
    """Return an index of two platforms with a signature and an SBOM."""
    children = tuple(node(f"{seed}{name}", platform=name, revision=revision) for name in ("linux/amd64", "linux/arm64"))
    signature = node(f"{seed} sig", tag="sha256-0.sig")
    listed = node(f"{seed} sbom", artifact_type="application/spdx+json")
    root = node(seed, children=children, referrers=(signature, listed))
    return replace(root, manifest=replace(root.manifest, media_type=OCI_INDEX))


@pytest.fixture
def town() -> EngineWorld:
    """Return a world in which e2e has 1.1.3 and dev 1.1.4; production's approvals are SRE's, and not the author's."""
    town = EngineWorld((SOURCE,))
    town.bring("e2e")
    town.build("1.1.4")
    return town


def world(town: EngineWorld) -> World:
    trees = {town.held("e2e", "1.1.3-rc1"): index("old", OLD), town.held("dev", "1.1.4"): index("new", NEW)}
    tags = FakeVersionTags(
        HistoryCommit(OLD, (), "Begin"),
        HistoryCommit(MIDDLE, (OLD,), "Fix it\n\nWell."),
        HistoryCommit(NEW, (MIDDLE,), "More"),
    )
    return replace(town.world(), inspect=lambda image: trees[image.digest], version_tags=lambda _: tags)


def read(here: World, environment: str = "e2e", *, with_commits: bool = True) -> CellDetail:
    return read_detail(here, here.service("inventory"), here.environment(environment), with_commits=with_commits)


def view(detail: CellDetail, forge: LocalForge | GitLabForge = LOCAL) -> DetailView:
    return detail_view(detail, NOBODY, forge, START)


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


def person(name: str, role: Role = Role.ADMIN, *environments: str) -> Visitor:
    return Visitor(name, Proof.SESSION, (Scope(role, frozenset(environments) or None),), "csrf")


def refusals(detail: CellDetail, visitor: Visitor) -> dict[str, str | None]:
    return {each.name: each.refusal for each in actions_for(visitor, detail, approves=True)}


@pytest.fixture
def staged(town: EngineWorld) -> EngineWorld:
    """Return the same world with a merge request to staging, opened by alice."""
    town.promote("staging")
    return town


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
            target=replace(detail.cell, service=replace(SOURCE, name="in ventory")),  # type: ignore[type-var]
        ),
    )
    assert actions_for(NOBODY, odd, approves=True)[0].command == "tidegate promote 'in ventory' --to e2e"


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


@pytest.mark.parametrize(
    ("evidence", "rest"),
    [
        ("a/b.yaml", "a/b.yaml"),
        ("a/b.yml:3:7", "a/b.yml#L3"),
        ("a?b/../c.yaml:3", "a%3Fb/../c.yaml#L3"),
        ("e2e.example/x:1.0.0", None),
        ("1.8.2", None),
    ],
)
def test_a_place_in_a_manifest_has_a_page(staged: EngineWorld, evidence: str, rest: str | None) -> None:
    (request,) = staged.forge.merge_requests("platform/gitops-staging")
    blob = f"https://gitlab.example.com/platform/gitops-staging/-/blob/{request.head}"
    assert evidence_url(GITLAB, request, evidence) == (f"{blob}/{rest}" if rest else None)


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


@pytest.mark.parametrize(
    ("predicates", "word"),
    [
        (("https://slsa.dev/provenance/v1",), "provenance"),
        (("https://slsa.dev/provenance/v0.2", "https://spdx.dev/Document"), "provenance and SBOM"),
        (("https://cosign.sigstore.dev/attestation/vuln/v1",), "vulnerability report"),
        (("https://example.com/ours",), "attestation"),
    ],
)
def test_what_is_attested_has_a_word(predicates: tuple[str, ...], word: str) -> None:
    wrapped = node("x", artifact_type="application/vnd.dev.sigstore.bundle.v0.3+json", predicates=predicates)
    assert attached_as(wrapped) == word


def test_attestations_in_an_index_are_attached_and_no_platform() -> None:
    attested = node("a", predicates=("https://slsa.dev/provenance/v1",))
    root = node("i", children=(node("p", platform="linux/amd64"), attested))
    shown = image_view(ImageSeen("has", ImageRef("dev.example", "x", "1", root.manifest.digest), root))
    assert shown.platforms == ("linux/amd64",)
    assert shown.attached == (("provenance", str(attested.manifest.digest)),)


def test_what_trailers_say_does_not_leave_its_place_in_the_url() -> None:
    base = "https://gitlab.example.com"
    assert merge_request_url(GITLAB, "platform/gitops!7") == f"{base}/platform/gitops/-/merge_requests/7"
    assert merge_request_url(GITLAB, "../x?y!7") == f"{base}/../x%3Fy/-/merge_requests/7"
    assert commit_url(GITLAB, "platform/gitops", OLD) == f"{base}/platform/gitops/-/commit/{OLD}"
    for ref in (None, "", "!7", "p!", "p!x", "p!²", f"p!{'1' * 11}"):
        assert merge_request_url(GITLAB, ref) is None
    assert merge_request_url(LOCAL, "platform/gitops!7") is None


@pytest.mark.parametrize(
    ("artifact_type", "tag", "word"),
    [
        ("application/vnd.dev.sigstore.bundle.v0.3+json", None, "signature"),
        ("application/vnd.cyclonedx+json", None, "SBOM"),
        (None, "sha256-0.att", "attestation"),
        ("application/vnd.example.thing", None, "application/vnd.example.thing"),
        (None, None, "artifact"),
    ],
)
def test_what_is_attached_has_a_word(artifact_type: str | None, tag: str | None, word: str) -> None:
    assert attached_as(node("x", artifact_type=artifact_type, tag=tag)) == word


@pytest.mark.parametrize("source", [None, "https://elsewhere.example/x.git", "/srv/x.git"])
def test_no_page_compares_what_is_not_on_the_forge(source: str | None) -> None:
    assert compare_url(GITLAB, source, OLD, NEW) is None


def test_what_a_label_says_does_not_leave_its_place_in_the_url() -> None:
    url = compare_url(GITLAB, "team/x", "../../evil?", NEW)
    assert url == f"https://gitlab.example.com/team/x/-/compare/..%2F..%2Fevil%3F...{NEW}"


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
