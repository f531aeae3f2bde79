"""What `config check` finds in a configuration that can be loaded."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.cli import Ended, tidegate
from support.configs import SMALL


def check(folder: Path, text: str, **environ: str) -> Ended:
    (folder / "tidegate.yaml").write_text(text)
    return tidegate("-C", folder, "config", "check", environ=environ)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the account of SMALL's dev registry; places are told from here."""
    (tmp_path / "registries" / "dev").mkdir(parents=True)
    (tmp_path / "forge").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_nothing_is_found_in_a_good_one(home: Path) -> None:
    ended = check(home, SMALL)
    assert (ended.code, ended.out) == (0, "")
    assert ended.err.endswith("tidegate.yaml: no errors\n")


def test_a_folder_of_images_that_is_not_there_is_warned_of(home: Path) -> None:
    """It reads as an empty account, and is right before the first image: a warning."""
    ended = check(home, SMALL.replace("./registries/dev", "./registries/dve"))
    assert (ended.code, ended.out) == (
        0,
        (
            f"tidegate.yaml:4:38: warning: registries.dev.endpoint: there is no folder {home}/registries/dve: "
            "nothing can be read from it or written to it\n  hint: did you mean dev?\n"
        ),
    )
    told = check(home, SMALL.replace("./registries/dev", "./registires/dev")).out
    assert f"hint: mkdir -p {home}/registires/dev, or mount what it is on\n" in told


def test_a_forge_that_is_not_there_is_warned_of(home: Path) -> None:
    (home / "forge").rmdir()
    (home / "forgery").mkdir()
    ended = check(home, SMALL)
    assert (ended.code, ended.out) == (
        0,
        (
            f"tidegate.yaml:2:28: warning: forge.path: there is no folder {home}/forge: no repository can be read\n"
            "  hint: did you mean forgery?\n"
        ),
    )


def test_a_variables_folder_is_warned_of_by_its_name(home: Path) -> None:
    ended = check(home, SMALL, TIDEGATE_REGISTRIES__PRD__ENDPOINT="oci-layout:./registries/prd")
    assert ended.out.startswith("TIDEGATE_REGISTRIES__PRD__ENDPOINT: warning: registries.prd.endpoint: there is no ")


def test_a_file_or_a_single_layout_is_no_account(home: Path) -> None:
    (home / "registries" / "file").touch()
    (home / "registries" / "dev" / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
    ended = check(
        home, SMALL.replace("{host: prd.example}", '{host: prd.example, endpoint: "oci-layout:registries/file"}')
    )
    assert (ended.code, ended.out) == (2, "")
    assert f"tidegate.yaml:4:38: registries.dev.endpoint: {home}/registries/dev is the layout of one repo" in ended.err
    assert f"    hint: write oci-layout:{home}/registries\n" in ended.err
    assert f"tidegate.yaml:5:38: registries.prd.endpoint: {home}/registries/file is no folder" in ended.err


@pytest.mark.parametrize(
    ("services", "warned"),
    [
        ("services:\n  inventory: {image: team/inventory}\n", None),
        ("services: {inventory: {}, orders: {}}\n", "may change the others' files\n"),
        ("services: discover\n", "may change the others' files, and no service is discovered in it\n"),
    ],
)
def test_a_folder_that_services_share_is_warned_of(home: Path, services: str, warned: str | None) -> None:
    ended = check(home, SMALL.partition("services:")[0].replace("apps/{service}", "apps") + services)
    assert ended.code == 0
    if warned is None:
        assert ended.out == ""
    else:
        assert ended.out.startswith("tidegate.yaml:8:63: warning: environments.live.path: all services share this ")
        assert ended.out.endswith(f"{warned}  hint: e.g. apps/{{service}}\n")
