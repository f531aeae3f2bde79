"""Images written into sites, in each site's own shape."""

from __future__ import annotations

import difflib
from pathlib import Path

import pytest

from tidegate.errors.manifest import UnsafeEdit
from tidegate.flux import find_images, set_image
from tidegate.model import Digest, ImageRef

MANIFESTS = Path(__file__).parent.parent / "data" / "manifests"
DIGEST = Digest.of(b"new")
IMAGE = ImageRef("prd.example.com", "team/new", "1.10", DIGEST)


def release(values: str) -> bytes:
    return f"apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nspec: {{values: {values}}}\n".encode()


def written(values: str, image: ImageRef = IMAGE) -> str:
    data = release(values)
    (site,) = find_images(data)
    text = set_image(data, [site], image, file="x.yaml").decode()
    return text.split("{values: ", 1)[1].removesuffix("}\n")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "{image: {repository: dev.example.com/app, tag: 1.0.0}}",
            '{image: {repository: prd.example.com/team/new, tag: "1.10"}}',
        ),
        (
            "{image: {registry: dev.example.com, repository: app, tag: '1.0.0'}}",
            "{image: {registry: prd.example.com, repository: team/new, tag: '1.10'}}",
        ),
        (
            "{image: {registry: dev.example.com/team/, repository: app, tag: a}}",
            '{image: {registry: prd.example.com/team/, repository: new, tag: "1.10"}}',
        ),
        (
            "{image: {registry: '', repository: dev.example.com/app, tag: a}}",
            "{image: {registry: '', repository: prd.example.com/team/new, tag: \"1.10\"}}",
        ),
        (
            "{image: {repository: dev.example.com/app, tag: 'a@sha256:0'}}",
            f"{{image: {{repository: prd.example.com/team/new, tag: '1.10@{DIGEST}'}}}}",
        ),
        (
            "{image: {repository: dev.example.com/app, tag: a, digest: 'sha256:0'}}",
            f"{{image: {{repository: prd.example.com/team/new, tag: \"1.10\", digest: '{DIGEST}'}}}}",
        ),
        (
            "{image: {repository: dev.example.com/app, tag: a, digest: ''}}",
            "{image: {repository: prd.example.com/team/new, tag: \"1.10\", digest: ''}}",
        ),
        ("{image: {repository: app, tag: }}", '{image: {repository: prd.example.com/team/new, tag: "1.10"}}'),
        ("{image: 'app:1.0.0'}", "{image: 'prd.example.com/team/new:1.10'}"),
        ("{image: dev.example.com:5000/app:1.0.0}", "{image: prd.example.com/team/new:1.10}"),
        ("{image: app:1.0.0@sha256:0}", f"{{image: prd.example.com/team/new:1.10@{DIGEST}}}"),
        ("[{image: app:1.0.0}]", "[{image: prd.example.com/team/new:1.10}]"),
    ],
)
def test_an_image_is_written_in_the_shape_that_is_there(before: str, after: str) -> None:
    assert written(before) == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("{image: app:1.0.0}", "{image: app:1.1.0}"),
        ("{image: {repository: library/app, tag: 1.0.0}}", "{image: {repository: library/app, tag: 1.1.0}}"),
    ],
)
def test_a_name_that_is_the_same_is_not_spelled_anew(before: str, after: str) -> None:
    assert written(before, ImageRef.parse("docker.io/library/app:1.1.0")) == after


@pytest.mark.parametrize(
    ("values", "image", "what"),
    [
        ("{image: {repository: app}}", IMAGE, "no tag to replace"),
        ("{image: app}", IMAGE, "no tag to replace"),
        ("{image: {tag: 1.0.0}}", IMAGE, "names no repository"),
        ("{image: {repository: app, tag: '${TAG}'}}", IMAGE, "template"),
        ("{image: {repository: '${HOST}/app', tag: 1.0.0}}", IMAGE, "not an image name"),
        ("{image: app:1.0.0@sha256:0}", ImageRef.parse("app:2"), "names none"),
        ("{image: app:1.0.0}", ImageRef.parse("app"), "no tag to write"),
    ],
)
def test_what_would_be_a_guess_is_refused(values: str, image: ImageRef, what: str) -> None:
    with pytest.raises(UnsafeEdit, match=what) as caught:
        written(values, image)
    assert str(caught.value.where) == "x.yaml:3"
    assert caught.value.hint


@pytest.mark.parametrize("name", sorted(path.name for path in MANIFESTS.glob("*.yaml")))
def test_each_site_of_a_file_is_set_alone_or_refused(name: str) -> None:
    data = (MANIFESTS / name).read_bytes()
    before = find_images(data)
    for number, site in enumerate(before):
        if site.refusal is not None:
            with pytest.raises(UnsafeEdit):
                set_image(data, [site], IMAGE)
        if site.refusal is not None or site.image is None:
            continue
        after = set_image(data, [site], IMAGE)
        now = find_images(after)
        assert now[number].image == (IMAGE if site.digest else IMAGE.with_tag("1.10"))
        assert now[number].marker == site.marker
        assert [each.reference for each in now if each.path != site.path] == [
            each.reference for each in before if each.path != site.path
        ]
        assert len(changed_lines(data, after)) <= len(site.fields)


def changed_lines(before: bytes, after: bytes) -> list[str]:
    lines = difflib.ndiff(before.decode().split("\n"), after.decode().split("\n"))
    return [line for line in lines if line.startswith("+ ")]
