"""What an environment declares, now and in the past."""

from __future__ import annotations

from datetime import timedelta

import pytest

from support.engine_world import GITOPS, INVENTORY, EngineWorld, helm_release
from tidegate.engine.declared import DeclaredRelease, PastRelease, absence, past_releases, read_declared
from tidegate.errors.git import FileTooLarge
from tidegate.errors.manifest import ImageAmbiguous, ImageNotFound, InvalidYaml, NotHelmRelease
from tidegate.errors.release import NothingDeclared, TagUnreadable
from tidegate.testing.clock import START

HOUR = timedelta(hours=1)
FOLDER = "clusters/e2e/inventory"
FILE = f"{FOLDER}/release.yaml"
IMAGE = "e2e.example/team/inventory"


@pytest.fixture
def town() -> EngineWorld:
    return EngineWorld()


def read(town: EngineWorld) -> DeclaredRelease | None:
    repo = town.world().repos.repo(GITOPS)
    return read_declared(repo, repo.head("main") or "", town.environments["e2e"], INVENTORY)


def releases(town: EngineWorld) -> list[PastRelease]:
    declared = read(town)
    assert declared is not None
    return list(past_releases(town.world().repos.repo(GITOPS), declared))


def put(town: EngineWorld, tag: str | None, *, replicas: int = 1) -> None:
    """An hour later, e2e declares a tag (None: nothing)."""
    town.clock.advance(HOUR)
    town.write(GITOPS, {FILE: helm_release(f"{IMAGE}:{tag}", replicas=replicas) if tag else None})


def test_the_image_of_the_service_is_told_from_the_others(town: EngineWorld) -> None:
    put(town, "1.1.3-rc1")
    declared = read(town)
    assert declared is not None
    assert (str(declared.image), declared.file, declared.place.line) == (f"{IMAGE}:1.1.3-rc1", FILE, 10)
    assert str(declared.candidate().version) == "1.1.3"


def test_several_sites_of_one_tag_are_one_image(town: EngineWorld) -> None:
    data = helm_release(f"{IMAGE}:1.1.3-rc1") + f"    migrate:\n      image: {IMAGE}:1.1.3-rc1\n".encode()
    town.write(GITOPS, {FILE: data})
    declared = read(town)
    assert declared is not None
    assert [site.line for site in declared.sites] == [10, 14]


def test_two_tags_are_ambiguous(town: EngineWorld) -> None:
    data = helm_release(f"{IMAGE}:1.1.3-rc1") + f"    migrate:\n      image: {IMAGE}:1.1.2-rc1\n".encode()
    town.write(GITOPS, {FILE: data})
    with pytest.raises(ImageAmbiguous, match=r"1\.1\.3-rc1 \(line 10\) and .*1\.1\.2-rc1 \(line 14\)"):
        read(town)


def test_two_files_are_ambiguous(town: EngineWorld) -> None:
    data = helm_release(f"{IMAGE}:1.1.3-rc1")
    town.write(GITOPS, {FILE: data, f"{FOLDER}/again.yml": data})
    with pytest.raises(ImageAmbiguous, match=r"again\.yml and .*release\.yaml"):
        read(town)


def test_another_services_helmrelease_beside_it_is_passed_over(town: EngineWorld) -> None:
    other = helm_release("e2e.example/team/cache:7", service="cache")
    town.write(GITOPS, {FILE: helm_release(f"{IMAGE}:1.1.3-rc1"), f"{FOLDER}/cache.yaml": other})
    declared = read(town)
    assert declared is not None
    assert declared.file == FILE


def test_a_helmrelease_without_the_image_is_an_error(town: EngineWorld) -> None:
    town.write(GITOPS, {FILE: helm_release("e2e.example/team/cache:7")})
    with pytest.raises(ImageNotFound) as caught:
        read(town)
    assert str(caught.value.where) == FILE
    assert "services.inventory.image" in (caught.value.hint or "")


def test_a_helmrelease_that_is_not_yaml_is_an_error(town: EngineWorld) -> None:
    town.write(GITOPS, {FILE: b"kind: HelmRelease\nspec: [\n"})
    with pytest.raises(InvalidYaml):
        read(town)


def test_a_file_over_5_mib_is_an_error(town: EngineWorld) -> None:
    town.write(GITOPS, {FILE: helm_release(f"{IMAGE}:1") + b"#" * (5 << 20)})
    with pytest.raises(FileTooLarge):
        read(town)


@pytest.mark.parametrize(
    ("files", "error"),
    [
        ({}, NothingDeclared),
        ({f"{FOLDER}/notes.txt": b"kind: HelmRelease"}, NothingDeclared),
        ({f"{FOLDER}/config.yaml": b"kind: ConfigMap\napiVersion: v1\n"}, NotHelmRelease),
        ({f"{FOLDER}/broken.yaml": b"{"}, InvalidYaml),
    ],
)
def test_nothing_declared_has_its_reason(
    town: EngineWorld, files: dict[str, bytes | None], error: type[Exception]
) -> None:
    town.write(GITOPS, files)
    assert read(town) is None
    repo = town.world().repos.repo(GITOPS)
    assert isinstance(absence(repo, repo.head("main") or "", town.environments["e2e"], INVENTORY), error)


def test_a_tag_of_another_pattern_is_told_with_its_place(town: EngineWorld) -> None:
    put(town, "latest")
    declared = read(town)
    assert declared is not None
    with pytest.raises(TagUnreadable) as caught:
        declared.candidate()
    assert str(caught.value.where) == f"{FILE}:10"


def told(town: EngineWorld) -> list[tuple[str | None, int, int | None]]:
    """Return tag, since and until, in hours."""
    return [
        (
            past.declared.image.tag,
            (past.since - START) // HOUR,
            (past.until - START) // HOUR if past.until else None,
        )
        for past in releases(town)
    ]


def test_releases_are_told_newest_first_with_when_they_came_and_went(town: EngineWorld) -> None:
    for tag in ("1.1.1-rc1", "1.1.2-rc1", "1.1.1-rc1"):
        put(town, tag)
    assert told(town) == [("1.1.1-rc1", 3, None), ("1.1.2-rc1", 2, 3), ("1.1.1-rc1", 1, 2)]


def test_a_change_beside_the_image_does_not_make_it_newer(town: EngineWorld) -> None:
    put(town, "1.1.1-rc1")
    put(town, "1.1.2-rc1")
    put(town, "1.1.2-rc1", replicas=2)
    town.clock.advance(HOUR)
    town.write(GITOPS, {"clusters/e2e/billing/release.yaml": None})
    assert told(town) == [("1.1.2-rc1", 2, None), ("1.1.1-rc1", 1, 2)]


def test_a_release_that_was_away_came_again(town: EngineWorld) -> None:
    for tag in ("1.1.1-rc1", None, "1.1.1-rc1"):
        put(town, tag)
    assert told(town) == [("1.1.1-rc1", 3, None), ("1.1.1-rc1", 1, 2)]


@pytest.mark.parametrize("broken", [b"kind: HelmRelease\nspec: [\n", b"#" * (6 << 20), b"kind: ConfigMap\n"])
def test_a_broken_manifest_in_between_deployed_nothing(town: EngineWorld, broken: bytes) -> None:
    put(town, "1.1.1-rc1")
    town.clock.advance(HOUR)
    town.write(GITOPS, {FILE: broken})
    put(town, "1.1.1-rc1")
    put(town, "1.1.2-rc1")
    assert told(town) == [("1.1.2-rc1", 4, None), ("1.1.1-rc1", 1, 4)]


def test_who_brought_a_release_and_by_which_merge_request(town: EngineWorld) -> None:
    opened = town.bring("e2e")
    (present,) = releases(town)
    assert (present.actor, present.merge_request) == ("gate", opened.ref)
