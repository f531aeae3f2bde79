"""Setter markers: which comments are markers, and taking them out."""

from __future__ import annotations

from pathlib import Path

import pytest

from tidegate.flux import SetterMarker, find_images, without_markers

MANIFESTS = Path(__file__).parent.parent / "data" / "manifests"
MARKER = '# {"$imagepolicy": "ns:app:tag"}'


def release(values: str) -> bytes:
    lines = "".join(f"    {line}\n" for line in values.splitlines())
    return f"apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nspec:\n  values:\n{lines}".encode()


def marker(values: str) -> SetterMarker | None:
    (site,) = find_images(release(values))
    return site.marker


@pytest.mark.parametrize(
    "values",
    [
        f"image: a:1 {MARKER}",
        f"image: 'a:1'\t{MARKER}",
        f"image: &x a:1 {MARKER}",
        f"image: |- {MARKER}\n  a:1",
        f"image: &x >- {MARKER}\n  a:1",
        f"image:\n  {MARKER}\n  a:1",
        f"images:\n- a:1 {MARKER}",
        f"images:\n{MARKER}\n- a:1",
        f"images: [\n  a:1, {MARKER}\n]",
        f"image: {{\n  repository: a,\n  tag: b {MARKER}\n}}",
        "image: a:1 ##" + MARKER[1:],
        'image: a:1 #{"$imagepolicy":"ns:app:tag","other":"x"}',
    ],
)
def test_a_marker_is_recognised(values: str) -> None:
    assert marker(values) == SetterMarker("ns", "app", "tag")


@pytest.mark.parametrize(
    "values",
    [
        f"image: a:1 # see {MARKER[2:]}",
        f"image: a:1 {MARKER} # more",
        f"{MARKER}\nimage: a:1",
        f"image: a:1\n# image: b:1 {MARKER}",
        f"# image: b:1 {MARKER}\nimage: a:1",
        f"image:\n  # why\n  {MARKER}\n  a:1",
        f"images:\n- b\n\n{MARKER}\n\n- a:1",
        f"image: {{repository: a, tag: b}} {MARKER}",
        f"image: 'a:1 {MARKER}'",
        f"image: {MARKER}\n  a:1",
        'image: a:1 # {"$imagepolicy": ["ns:app"]}',
        'image: a:1 # {"$imagepolicy": "ns:app", "n": 1}',
        'image: a:1 # {"$imagepolicy": "ns"}',
        'image: a:1 # {"$imagepolicy": ":app"}',
        'image: a:1 # {"$imagepolicy": "ns:app:other"}',
        'image: a:1 # {"$imagepolicy": "ns:app:"}',
        'image: a:1 # {"$imagepolicy": "ns:app:tag:tag"}',
        'image: a:1 # ["$imagepolicy"]',
        'image: a:1 # {"$imagepolicy": ' + "[" * 900,
    ],
)
def test_other_comments_are_no_markers(values: str) -> None:
    assert all(site.marker is None for site in find_images(release(values)))


@pytest.mark.parametrize(
    ("text", "field"), [("ns:app", None), ("ns:app:tag", "tag"), ("ns:app:name", "name"), ("ns:app:digest", "digest")]
)
def test_a_marker_names_policy_and_field(text: str, field: str | None) -> None:
    found = marker(f'image: a:1 # {{"$imagepolicy": "{text}"}}')
    assert found == SetterMarker("ns", "app", field)
    assert str(found) == text


@pytest.mark.parametrize(
    ("values", "bare"),
    [
        (f"image: a:1  {MARKER}", "image: a:1"),
        (f"image: {{\n  repository: a, {MARKER}\n  tag: b {MARKER}\n}}", "image: {\n  repository: a,\n  tag: b\n}"),
        (f"image:\n  {MARKER}\n  a:1 # why", "image:\n  a:1 # why"),
        (f"image: |- {MARKER}\n  a:1", "image: |-\n  a:1"),
        ("image: a:1 # why", "image: a:1 # why"),
        (f"image: &x a:1 {MARKER}\nother: *x", "image: &x a:1\nother: *x"),
    ],
)
def test_markers_are_taken_out(values: str, bare: str) -> None:
    data = release(values)
    assert without_markers(data, find_images(data)) == release(bare)


def test_only_the_markers_of_the_given_sites_go() -> None:
    data = (MANIFESTS / "windows.yaml").read_bytes()
    sites = find_images(data)
    assert without_markers(data, sites[:1]) == data
    last = without_markers(data, sites[1:])
    assert last == data.removesuffix(b'   # {"$imagepolicy": "flux-system:other"}')
