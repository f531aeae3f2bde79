"""`tidegate manifest` in a person's hands."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from support.cli import tidegate
from tidegate.cli.frame import run

MANIFESTS = Path(__file__).parent.parent / "data" / "manifests"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for path in MANIFESTS.glob("*.yaml"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "kustomization.yaml").write_text("kind: Kustomization\n")
    return tmp_path


def test_images_are_listed(folder: Path) -> None:
    ended = tidegate("-C", folder, "manifest", "images", "fragment.yaml", "kustomization.yaml", "aliases.yaml")
    assert ended.code == 0
    lines = ended.out.splitlines()
    assert lines[0].split() == ["PLACE", "PATH", "IMAGE", "NOTE"]
    assert lines[1].split(maxsplit=3) == [
        "fragment.yaml:12",
        "spec.values.image",
        "registry.example.com/team/not-a-marker:1.0.0",
        "set by flux-system:fragment:tag",
    ]
    assert "aliases.yaml:9" in ended.out
    assert "comes through the alias *image" in ended.out
    assert ended.err == "kustomization.yaml: holds no HelmRelease of helm.toolkit.fluxcd.io: passed over\n"


def test_images_are_listed_for_programs(folder: Path) -> None:
    ended = tidegate("-C", folder, "manifest", "images", "windows.yaml", "-o", "json")
    first, second = json.loads(ended.out)["images"]
    assert first["path"] == ["spec", "values", "image"]
    assert (second["document"], second["tag"], second["marker"]) == (3, "1.0.0", "flux-system:other")
    names = tidegate("-C", folder, "manifest", "images", "windows.yaml", "-o", "name")
    assert names.out == "registry.example.com/team/app:1.0.0\nregistry.example.com/team/other:1.0.0\n"


def test_a_value_is_set_in_place(folder: Path) -> None:
    file = folder / "shapes.yaml"
    before = file.read_bytes()
    file.chmod(0o640)
    ended = tidegate("-C", folder, "manifest", "set", "shapes.yaml", "spec.values.image.tag", "1.10")
    assert (ended.code, ended.out) == (0, "")
    assert file.read_bytes() == before.replace(b"tag: 1.2.3 # {", b'tag: "1.10" # {')
    assert file.stat().st_mode & 0o777 == 0o640
    again = tidegate("-C", folder, "manifest", "set", "shapes.yaml", "spec.values.image.tag", "1.10")
    assert "already" in again.err
    assert sorted(path.name for path in folder.iterdir()) == sorted(
        [path.name for path in MANIFESTS.glob("*.yaml")] + ["kustomization.yaml"]
    )


def test_values_that_are_set_at_the_same_moment_are_all_set(folder: Path) -> None:
    keys, start = [f"key{number}" for number in range(8)], Barrier(8)
    (folder / "values.yaml").write_text("".join(f"{key}: old\n" for key in keys))

    def set_value(key: str) -> int:
        start.wait()
        return run(["-C", str(folder), "manifest", "set", "values.yaml", key, "new"], {})

    with ThreadPoolExecutor(8) as pool:
        assert [*pool.map(set_value, keys)] == [0] * 8
    assert (folder / "values.yaml").read_text() == "".join(f"{key}: new\n" for key in keys)


def test_a_link_stays_a_link(folder: Path) -> None:
    (folder / "link.yaml").symlink_to("shapes.yaml")
    assert tidegate("-C", folder, "manifest", "set", "link.yaml", "metadata.name", "other").code == 0
    assert (folder / "link.yaml").is_symlink()
    assert b"name: other" in (folder / "shapes.yaml").read_bytes()


@pytest.mark.parametrize("path", ["spec.values.containers[0].image", "spec.values.containers.0.image"])
def test_a_dry_run_prints_the_diff_and_writes_nothing(folder: Path, path: str) -> None:
    before = (folder / "shapes.yaml").read_bytes()
    ended = tidegate("-C", folder, "manifest", "set", "shapes.yaml", path, "a:2", "--dry-run")
    changed = [line for line in ended.out.splitlines() if line[:1] in "+-"]
    assert changed == [
        "--- a/shapes.yaml",
        "+++ b/shapes.yaml",
        "-      image: registry.example.com:5000/team/one:1.0.0",
        "+      image: a:2",
    ]
    assert (folder / "shapes.yaml").read_bytes() == before


def test_the_document_is_the_one_that_has_the_path(folder: Path) -> None:
    file = folder / "windows.yaml"
    before = file.read_bytes()
    assert tidegate("-C", folder, "manifest", "set", "windows.yaml", "spec.values.image.tag", "2.0.0").code == 0
    assert file.read_bytes() == before.replace(b"tag: 1.0.0", b"tag: 2.0.0")
    ended = tidegate("-C", folder, "manifest", "set", "windows.yaml", "metadata.name", "x")
    assert ended.code == 2
    assert "is in 2 documents of the file (lines 2 and 7)" in ended.err
    assert "hint:  say which one with --document N, counted from 0: 0 or 1\n" in ended.err
    assert tidegate("-C", folder, "manifest", "set", "windows.yaml", "metadata.name", "x", "--document", "0").code == 0
    assert b"name: x\r\n---" in file.read_bytes()


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["images", "none.yaml"], "manifest/missing"),
        (["images", "kustomization.yaml"], "manifest/not-helmrelease"),
        (["set", "aliases.yaml", "spec.values.worker.image.tag", "2"], "manifest/unsafe-edit"),
        (["set", "windows.yaml", "spec.none", "2"], "manifest/unsafe-edit"),
        (["set", "windows.yaml", "spec..none", "2"], "manifest/path"),
        (["set", "windows.yaml", "", "2"], "manifest/path"),
        (["set", "windows.yaml", "spec[x]", "2"], "manifest/path"),
        (["set", ".", "spec", "2"], "manifest/missing"),
    ],
)
def test_what_can_not_be_done_is_said(folder: Path, arguments: list[str], code: str) -> None:
    ended = tidegate("-C", folder, "manifest", *arguments)
    assert (ended.code, ended.out) == (2, "")
    assert code in ended.err
    assert "hint:" in ended.err


def test_a_hundred_megabytes_are_refused(folder: Path) -> None:
    with (folder / "large.yaml").open("wb") as file:
        file.truncate(100 * 1024 * 1024)
    ended = tidegate("-C", folder, "manifest", "images", "large.yaml")
    assert (ended.code, "manifest/too-large" in ended.err) == (2, True)
