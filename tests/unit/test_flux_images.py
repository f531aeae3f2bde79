"""Images found in HelmReleases, in every shape, and what is said about each."""

from __future__ import annotations

from pathlib import Path

import pytest

from tidegate.errors.manifest import InvalidYaml, NotHelmRelease, YamlTooLarge
from tidegate.flux import HelmRelease, ImageSite, find_images, helm_releases

MANIFESTS = Path(__file__).parent.parent / "data" / "manifests"
SHA = "sha256:" + "0123456789abcdef" * 4
TEAM = "registry.example.com/team"


def sites(name: str) -> list[ImageSite]:
    return find_images((MANIFESTS / name).read_bytes(), file=name)


def dotted(site: ImageSite) -> str:
    return ".".join(map(str, site.path)).removeprefix("spec.values.")


def release(values: str) -> bytes:
    lines = "".join(f"    {line}\n" for line in values.splitlines())
    return f"apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nspec:\n  values:\n{lines}".encode()


def test_every_shape_is_found() -> None:
    assert [(dotted(site), site.line, site.reference) for site in sites("shapes.yaml")] == [
        ("image", 12, f"{TEAM}/app:1.2.3"),
        ("pinned.image", 17, f"{TEAM}/pinned:1.2.3@{SHA}"),
        ("separate.image", 22, f"{TEAM}/separate:1.2.3@{SHA}"),
        ("controller", 24, f"{TEAM}/controller:v1.10"),
        ("number.image", 26, f"{TEAM}/number:110"),
        ("typed.image", 30, f"{TEAM}/typed:110"),
        ("defaultTag.image", 33, f"{TEAM}/default"),
        ("defaultName.image", 36, ":4.5.6"),
        ("noTagYet.image", 40, f"{TEAM}/empty"),
        ("initImage", 41, "busybox:1.36"),
        ("containers.0.image", 44, "registry.example.com:5000/team/one:1.0.0"),
        ("containers.1.image", 46, f"{TEAM}/two:2.0.0@{SHA}"),
        ("containers.2.image", 48, "nginx"),
        ("templated.image", 50, "${REGISTRY}/team/templated:${TAG}"),
    ]


def test_an_image_is_known_where_name_and_tag_are() -> None:
    unknown = [dotted(site) for site in sites("shapes.yaml") if site.image is None]
    assert unknown == [
        "defaultTag.image",
        "defaultName.image",
        "noTagYet.image",
        "containers.2.image",
        "templated.image",
    ]
    assert {str(site.image) for site in sites("shapes.yaml")} >= {
        f"{TEAM}/separate:1.2.3@{SHA}",
        f"{TEAM}/number:110",
        "docker.io/library/busybox:1.36",
    }


def test_what_comes_from_elsewhere_is_found_and_says_so() -> None:
    found = [(dotted(site), site.refusal) for site in sites("aliases.yaml")]
    assert found == [
        ("common.image", "is anchored as &common and used elsewhere"),
        ("worker.image", "comes through the alias *image"),
        ("cron.image", "comes through a merge key"),
        ("job.image", "comes through the alias *tag"),
        ("free.image", None),
    ]


def test_images_in_blocks_of_text_are_found() -> None:
    found = [(dotted(site), site.line, site.reference, site.refusal is None) for site in sites("blocks.yaml")]
    assert found == [
        ("manifest", 11, f"{TEAM}/inner:1.0.0", False),
        ("template", 14, f"{TEAM}/templated:2.0.0", False),
        ("image", 19, f"{TEAM}/block:3.0.0", True),
    ]


def test_a_key_written_twice_says_so() -> None:
    first, second = sites("duplicates.yaml")
    assert (first.tag, first.refusal) == ("2.0.0", "has the key 'tag' twice")
    assert second.refusal is None


def test_documents_and_lines_are_those_of_the_file() -> None:
    found = [(site.document, site.line, site.reference) for site in sites("windows.yaml")]
    assert found == [(1, 13, f"{TEAM}/app:1.0.0"), (3, 22, f"{TEAM}/other:1.0.0")]


def test_a_site_carries_the_marker_of_its_tag() -> None:
    found = [str(site.marker) for site in sites("fragment.yaml")]
    assert found == ["flux-system:fragment:tag", "flux-system:listed", "None", "flux-system:sidecar"]


@pytest.mark.parametrize(
    "values",
    [
        "image: true",
        "image: {pullPolicy: Always}",
        "image: ''",
        "osImage: ubuntu",
        "backgroundImage: https://example.com/a.png",
        "chart: {repository: charts}",
        "git: {repository: 'git@example.com:a/b', tag: v1}",
        "release: {tag: v1}",
        "note: |\n  the image is old",
    ],
)
def test_what_only_looks_like_an_image_is_not_one(values: str) -> None:
    assert find_images(release(values)) == []


@pytest.mark.parametrize("version", ["v2", "v2beta2", "v2beta1"])
def test_all_versions_of_the_api_are_read(version: str) -> None:
    data = f"apiVersion: helm.toolkit.fluxcd.io/{version}\nkind: HelmRelease\nmetadata: {{name: a}}\n".encode()
    assert helm_releases(data) == [HelmRelease(0, f"helm.toolkit.fluxcd.io/{version}", "a", None, 1)]
    assert find_images(data) == []


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"a: 1\n",
        b"- HelmRelease\n",
        b"apiVersion: helm.fluxcd.io/v1\nkind: HelmRelease\n",
        b"apiVersion: helm.toolkit.fluxcd.io/v3\nkind: HelmRelease\n",
    ],
)
def test_a_file_without_a_helmrelease_is_refused(data: bytes) -> None:
    with pytest.raises(NotHelmRelease) as caught:
        find_images(data, file="x.yaml")
    assert str(caught.value.where) == "x.yaml"


def test_what_is_not_yaml_is_refused() -> None:
    with pytest.raises(InvalidYaml):
        find_images(b"{{ template }}: [")


LAYERS = [f"a{n}: &a{n} {{{', '.join(f'k{k}: *a{n - 1}' for k in range(9))}}}" for n in range(1, 12)]
MERGES = [f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 9)}]}}" for n in range(1, 12)]
CHAIN = [f"a{n}: &a{n} {{k: *a{n - 1}}}" for n in range(1, 200)]


@pytest.mark.parametrize("lines", [LAYERS, MERGES, CHAIN], ids=["layers", "merges", "chain"])
@pytest.mark.parametrize("in_text", [False, True])
def test_an_alias_bomb_is_bounded(lines: list[str], *, in_text: bool) -> None:
    bomb = "\n".join(["a0: &a0 {image: 'a:1'}", *lines])
    values = "text: |\n" + "".join(f"  {line}\n" for line in bomb.splitlines()) if in_text else bomb
    with pytest.raises(YamlTooLarge):
        find_images(release(values))


def test_small_bombs_in_many_blocks_of_text_are_counted_together() -> None:
    block = "".join(f"  {line}\n" for line in ["a0: &a0 {image: 'a:1'}", *LAYERS[:2]])
    blocks = [f"text{number}: |\n{block}" for number in range(200)]
    assert find_images(release(blocks[0]))
    with pytest.raises(YamlTooLarge):
        find_images(release("".join(blocks)))


def test_a_long_chain_of_small_aliases_is_no_bomb() -> None:
    values = ["a: &a {image: {repository: b, tag: '1'}}", *(f"k{number}: *a" for number in range(500))]
    assert len(find_images(release("\n".join(values)))) == 501
