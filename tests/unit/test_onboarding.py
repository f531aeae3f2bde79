"""What `tidegate init` makes of what it sees."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from tidegate.config.load import load_bytes
from tidegate.engine.onboarding.propose import Proposal, propose, tag_pattern, version_tag_pattern
from tidegate.engine.onboarding.seen import Answers, SeenBranch, SeenImage, SeenProject, SeenRelease, Spot
from tidegate.engine.onboarding.write import Components, configuration_text, pipeline_lines, scalar
from tidegate.errors.onboarding import AnswerUnknown, NothingSeen, SpotsAlike
from tidegate.model import ApprovalRule, ImageRef, PathPattern

GITLAB = "https://gitlab.example.com"
STATSD = SeenImage(ImageRef.parse("docker.io/prom/statsd-exporter:v0.26.1"))
NOBODY = {name: ApprovalRule() for name in ("e2e", "staging", "production")}


def release(path: str, *images: str, name: str = "inventory", marked: bool = False) -> SeenRelease:
    return SeenRelease(path, (name,), (*(SeenImage(ImageRef.parse(each), marked) for each in images), STATSD))


def project(path: str, *releases: SeenRelease, branch: str = "main", **branches: Iterable[SeenRelease]) -> SeenProject:
    others = (SeenBranch(name, tuple(some)) for name, some in branches.items())
    return SeenProject(GITLAB, path, (SeenBranch(branch, releases, policies=1), *others))


DEV = release("clusters/dev/inventory/release.yaml", "dev.example/inventory:1.1.3", marked=True)
E2E = release("clusters/e2e/inventory/release.yaml", "e2e.example/inventory:1.1.3-rc2")
STAGING = release("apps/inventory/release.yaml", "prd.example/inventory:1.1.2")
GITOPS = project("platform/gitops", E2E, DEV)
SEED = (GITOPS, project("platform/gitops-staging", STAGING), project("platform/gitops-production", STAGING))


def proposed(*projects: SeenProject, **answers: object) -> Proposal:
    found = propose(projects, replace(Answers(approvals=NOBODY), **answers))  # type: ignore[arg-type]
    assert found.questions == ()
    return found


def only_asked(*projects: SeenProject, **answers: object) -> list[tuple[str, str | None]]:
    found = propose(projects, replace(Answers(), **answers))  # type: ignore[arg-type]
    return [(each.option, each.suggestion) for each in found.questions]


def test_the_seeds_repositories() -> None:
    found = proposed(*SEED)
    told = [
        (each.name, each.source, str(each.spot), found.registries[each.host], each.tag, each.auto)
        for each in found.environments
    ]
    assert told == [
        ("dev", None, "platform/gitops:clusters/dev/{service}", "dev", "{version}", True),
        ("e2e", "dev", "platform/gitops:clusters/e2e/{service}", "e2e", "{version}-rc{n}", False),
        ("staging", "e2e", "platform/gitops-staging:apps/{service}", "production", "{version}", False),
        ("production", "staging", "platform/gitops-production:apps/{service}", "production", "{version}", False),
    ]
    assert [(each.name, each.image, each.source) for each in found.services] == [("inventory", "inventory", None)]
    assert found.notes == ()


def test_only_approvals_are_asked_of_them() -> None:
    asked = [("--approvals e2e=", "0"), ("--approvals staging=", "1"), ("--approvals production=", "1")]
    assert only_asked(*SEED) == asked
    assert only_asked(*SEED, approvals={"staging": ApprovalRule(2), "e2e": ApprovalRule()}) == asked[2:]


def test_an_environment_that_is_called_like_none() -> None:
    blue = release("clusters/blue/inventory/r.yaml", "blue.example/inventory:1.0.0")
    asked = only_asked(project("platform/gitops", DEV, blue))
    assert asked == [("--name platform/gitops:clusters/blue/{service}=", "blue")]
    spot = Spot("platform/gitops", "main", PathPattern("clusters/blue/{service}"))
    found = proposed(project("platform/gitops", DEV, blue), names={spot: "blue"}, approvals={"blue": ApprovalRule()})
    assert [(each.name, each.source) for each in found.environments] == [("dev", None), ("blue", "dev")]


def test_two_that_look_alike() -> None:
    regions = [
        release(f"clusters/prod/{region}/inventory/r.yaml", "prd.example/inventory:1.0.0") for region in ("eu", "us")
    ]
    with pytest.raises(SpotsAlike) as raised:
        propose([project("platform/gitops", *regions)], Answers())
    assert "--name 'platform/gitops:clusters/prod/us/{service}=NAME'" in str(raised.value.hint)
    names = {
        Spot("platform/gitops", "main", PathPattern(f"clusters/prod/{region}/{{service}}")): f"prod-{region}"
        for region in ("eu", "us")
    }
    found = proposed(
        project("platform/gitops", DEV, *regions), names=names, approvals=dict.fromkeys(names.values(), ApprovalRule())
    )
    assert [each.source for each in found.environments] == [None, "dev", "dev"]


def test_branches_that_are_environments() -> None:
    one = release("apps/inventory/release.yaml", "dev.example/inventory:1.1.3", marked=True)
    other = release("apps/inventory/release.yaml", "prd.example/inventory:1.1.2")
    found = proposed(
        project("platform/gitops", one, branch="dev", production=[other], feature=[other]),
        approvals={"production": ApprovalRule()},
        names={Spot("platform/gitops", "dev", PathPattern("apps/{service}")): "dev"},
    )
    assert [(each.name, each.spot.branch) for each in found.environments] == [
        ("dev", "dev"),
        ("production", "production"),
    ]


def test_a_branch_does_not_count_where_folders_are_environments() -> None:
    assert [
        each.name for each in proposed(project("platform/gitops", DEV, staging=[DEV]), approvals={}).environments
    ] == ["dev"]


@pytest.mark.parametrize(
    ("images", "found"),
    [
        (["dev.example/team/inventory:1.0.0", "dev.example/team/proxy:2.0.0"], "team/inventory"),
        (["dev.example/shop:1.0.0"], "shop"),
        (["ghcr.io/mesh/proxy:2.0.0", "dev.example/shop:1.0.0"], "shop"),
    ],
)
def test_which_image_is_the_services_own(images: list[str], found: str) -> None:
    seen = project("platform/gitops", release("dev/inventory/r.yaml", *images))
    assert [(each.name, each.image) for each in proposed(seen, approvals={}).services] == [("inventory", found)]


@pytest.mark.parametrize(
    "seen",
    [
        release("dev/inventory/r.yaml", "dev.example/a:1.0.0", "dev.example/b:1.0.0"),
        release("dev/inventory/r.yaml", "ghcr.io/mesh/proxy:2.0.0"),
        release("dev/shop/r.yaml", "dev.example/inventory:1.0.0"),
        release("r.yaml", "dev.example/inventory:1.0.0"),
        release("dev/{inventory}/inventory/r.yaml", "dev.example/inventory:1.0.0"),
    ],
)
def test_what_tells_of_no_service(seen: SeenRelease) -> None:
    with pytest.raises(NothingSeen):
        propose([project("platform/gitops", seen)], Answers())


def test_what_is_below_the_services_folder_stays_in_the_pattern() -> None:
    seen = release("apps/inventory/overlays/dev/r.yaml", "dev.example/inventory:1.0.0")
    (environment,) = proposed(project("platform/gitops", seen), approvals={}).environments
    assert (environment.name, environment.spot.path.text) == ("dev", "apps/{service}/overlays/dev")


@pytest.mark.parametrize(
    ("tag", "pattern"),
    [
        ("1.1.3", "{version}"),
        ("1.1.3-rc2", "{version}-rc{n}"),
        ("1.1.3-rc.2", "{version}-rc.{n}"),
        ("v1.1.3-beta-10", "v{version}-beta-{n}"),
        ("latest", None),
        ("1.1.3-feature.x.2", None),
    ],
)
def test_how_a_tag_is_written(tag: str, pattern: str | None) -> None:
    assert tag_pattern(tag) == pattern


def test_how_most_git_tags_are_written() -> None:
    assert version_tag_pattern(["v1.0.0", "v1.0.1", "1.0.2", "nightly"]) == "v{version}"
    assert version_tag_pattern(["inventory/v1.0.0"]) == "inventory/v{version}"
    assert version_tag_pattern([]) == "{version}"


def test_the_application_is_known_by_its_name() -> None:
    application = SeenProject(GITLAB, "team/inventory", (SeenBranch("main", ()),), ("v1.0.0",))
    (service,) = proposed(*SEED, application).services
    assert (service.source, service.version_tags) == ("team/inventory", "v{version}")


def test_environments_that_are_said() -> None:
    spots = {
        "dev": Spot("platform/gitops", "main", PathPattern("clusters/dev/{service}")),
        "live": Spot("platform/live", "main", PathPattern("apps/{service}")),
    }
    asked = only_asked(GITOPS, environments=spots)
    assert asked == [("--registry-of live=", None), ("--approvals live=", "1")]
    found = proposed(
        GITOPS,
        environments=spots,
        registry_of={"live": "prd.example"},
        approvals={"live": ApprovalRule(1, ("user:ann",))},
    )
    assert [(each.name, each.source, each.services) for each in found.environments] == [
        ("dev", None, 1),
        ("live", "dev", 0),
    ]


@pytest.mark.parametrize(
    "answers",
    [
        {"approvals": NOBODY | {"stagng": ApprovalRule()}},
        {"endpoints": {"prd": "http://127.0.0.1:5000"}},
        {"registries": {"prod.example": "prd"}},
        {"registry_of": {"live": "prd.example"}},
    ],
)
def test_an_answer_about_nothing(answers: dict[str, object]) -> None:
    with pytest.raises(AnswerUnknown):
        proposed(*SEED, **answers)


def test_notes_tell_what_to_look_at() -> None:
    odd = release("clusters/dev/orders/r.yaml", "dev.example/shop/orders:nightly", name="orders", marked=False)
    moved = release("clusters/e2e/orders/r.yaml", "e2e.example/orders:1.0.0", name="orders", marked=True)
    dev = replace(DEV, images=(SeenImage(ImageRef.parse("dev.example/inventory:1.1.3")),))
    found = proposed(project("platform/gitops", dev, odd, E2E, moved), approvals={"e2e": ApprovalRule()})
    assert found.notes == (
        "dev: no image has a setter marker, so nothing but commits will move it",
        "e2e: 1 of its images have setter markers, but only the first environment is `auto`",
        "e2e: most tags are written {version}-rc{n}, some {version}",
        "orders: its image is orders and shop/orders; shop/orders is written",
    )


def test_the_text_is_a_configuration_whatever_was_said(tmp_path: Path) -> None:
    said = {
        "e2e": ApprovalRule(),
        "staging": ApprovalRule(1, ("group:platform/sre", "user:ann")),
        "production": ApprovalRule(2),
    }
    found = proposed(*SEED, approvals=said, endpoints={"dev": "oci-layout:./a b"}, registries={"prd.example": "prd"})
    for forge in (GITLAB, "./forge"):
        text = configuration_text(found, forge)
        read = load_bytes(text.encode(), tmp_path / "tidegate.yaml", {}).pipeline
        assert [each.name for each in read.environments] == ["dev", "e2e", "staging", "production"]
        assert read.environments[2].approvals == ApprovalRule(1, ("group:platform/sre", "user:ann"), not_author=True)
        assert read.environments[3].registry.name == "prd"
        assert read.registries["dev"].endpoint == f"oci-layout:{tmp_path}/a b"


def test_the_lines_for_each_projects_pipeline() -> None:
    application = SeenProject(GITLAB, "team/inventory", (SeenBranch("main", ()),))
    found = proposed(*SEED, application)
    components = Components("platform/tidegate@0.1.0", "$CI_REGISTRY/platform/tidegate:0.1.0")
    lines = {
        each.project: [line.strip() for line in each.text.splitlines() if "component:" in line]
        for each in pipeline_lines(found, (*SEED, application), "platform/gitops", components)
    }
    at = "- component: $CI_SERVER_FQDN/platform/tidegate"
    assert lines == {
        "platform/gitops": [f"{at}/check@0.1.0", f"{at}/deliver@0.1.0"],
        "platform/gitops-staging": [f"{at}/check@0.1.0"],
        "platform/gitops-production": [f"{at}/check@0.1.0"],
        "team/inventory": [f"{at}/version@0.1.0", f"{at}/promote@0.1.0"],
    }


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("1.0", '"1.0"'),
        ("yes", '"yes"'),
        ("platform/gitops", "platform/gitops"),
        ("a: b", '"a: b"'),
        ("{version}", '"{version}"'),
    ],
)
def test_values_stay_strings(text: str, written: str) -> None:
    assert scalar(text) == written
