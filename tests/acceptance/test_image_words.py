"""What `tidegate image` says when something is not as it was meant: a person knows then what to type next."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from support.cli import Ended, tidegate
from support.configs import SMALL
from support.golden import assert_golden
from tidegate.http import Retry
from tidegate.registry.layout.registry import LayoutFolder
from tidegate.testing.images import build_image

ONE, TWO = build_image("one"), build_image("two")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder whose layout `build` has two images."""
    for name, image in (("one", ONE), ("two", TWO)):
        image.push(LayoutFolder(tmp_path / "build"), "", name)
    return tmp_path


def _image(folder: Path, *arguments: str) -> Ended:
    return tidegate("-C", folder, "image", *arguments, environ={"HOME": str(folder)})


def test_a_tag_that_holds_another_image_is_told_with_the_option_that_moves_it(folder: Path) -> None:
    _image(folder, "copy", "oci-layout:build:one", "oci-layout:there:1")
    refused = _image(folder, "copy", "oci-layout:build:two", "oci-layout:there:1")
    assert (refused.code, "registry/tag-exists" in refused.err, "there is --replace" in refused.err) == (1, True, True)
    (folder / "list").write_text("oci-layout:build:two oci-layout:there:1\n")
    events = [json.loads(line) for line in _image(folder, "copy", "--from", "list", "-o", "json").out.splitlines()]
    (failed,) = (event for event in events if event["event"] == "failed")
    assert "there is --replace" in failed["error"]["hint"]


def test_results_stand_in_the_order_of_the_list(folder: Path) -> None:
    """Registries answer as they like; a file that is kept beside the release is the same each time."""
    tags = [f"t{number:02d}" for number in range(40)]
    (folder / "list").write_text("".join(f"oci-layout:build:one oci-layout:there:{tag}\n" for tag in tags))
    for _ in range(2):
        named = _image(folder, "copy", "--from", "list", "-o", "name").out.split()
        assert named == [f"oci-layout:there:{tag}" for tag in tags]
    last = _image(folder, "copy", "--from", "list", "-o", "json").out.splitlines()[-1]
    assert [each["target"] for each in json.loads(last)["copies"]] == named


def test_an_empty_list_on_stdin_is_called_so(folder: Path) -> None:
    (folder / "list").touch()
    with (folder / "list").open() as empty:
        command = [sys.executable, "-m", "tidegate", "image", "copy", "--from", "-"]
        ended = subprocess.run(command, stdin=empty, text=True, capture_output=True, check=False, cwd=folder)
    assert (ended.returncode, ended.stderr) == (0, "nothing to copy: stdin names no image\n")


def test_what_is_to_be_done_about_a_difference_can_be_typed_as_it_is_told(folder: Path) -> None:
    def hint(target: str) -> str:
        ended = _image(folder, "verify", "oci-layout:build:one", target)
        assert ended.code == 1
        return ended.err.splitlines()[-1].partition("hint:  ")[2]

    assert hint("oci-layout:my there:1") == "copy it: tidegate image copy oci-layout:build:one 'oci-layout:my there:1'"
    _image(folder, "copy", "oci-layout:build:two", "oci-layout:there:1")
    assert hint("oci-layout:there:1").endswith("image copy oci-layout:build:one oci-layout:there:1 --replace")
    _image(folder, "copy", "oci-layout:build:one", "oci-layout:there:1", "--replace")
    assert _image(folder, "verify", "oci-layout:build:one", "oci-layout:there:1").code == 0


def test_a_loop_over_the_tags_of_a_misspelt_repository_is_told(folder: Path) -> None:
    (folder / "tidegate.yaml").write_text(SMALL)
    (folder / "registries" / "dev").mkdir(parents=True)
    ended = _image(folder, "ls", "dev:biuld", "-o", "name")
    assert (ended.code, ended.out, ended.err) == (0, "", "no tags in dev.example/biuld, or no such repository\n")
    assert "no version among" in _image(folder, "ls", "oci-layout:build", "--semver", "-o", "name").err


def test_a_list_that_fails_for_one_reason_ends_with_what_to_do(folder: Path) -> None:
    """The lines above may be many."""
    (folder / "list").write_text("oci-layout:build:one oci-layout:there:1\noci-layout:build:two oci-layout:there:2\n")
    for source, target in (("two", "1"), ("one", "2")):
        _image(folder, "copy", f"oci-layout:build:{source}", f"oci-layout:there:{target}")
    ended = _image(folder, "copy", "--from", "list")
    assert (ended.code, "hint:  release tags do not move; for others there is --replace; what" in ended.err) == (
        1,
        True,
    )
    with (folder / "list").open("a") as more:
        more.write("oci-layout:build:three oci-layout:there:3\n")
    assert "hint:  the lines above say why; what was copied is not" in _image(folder, "copy", "--from", "list").err


def test_of_a_list_each_line_that_failed_is_told_with_what_to_do(folder: Path) -> None:
    _image(folder, "copy", "oci-layout:build:one", "oci-layout:there:1")
    _image(folder, "copy", "oci-layout:build:one", "oci-layout:there:2")
    (folder / "list").write_text(
        "# a release\noci-layout:build:two oci-layout:there:1\noci-layout:build:two oci-layout:there:2\n\n"
        "oci-layout:build:none oci-layout:there:3\noci-layout:build:two oci-layout:there:4\n"
    )
    ended = _image(folder, "copy", "--from", "list", "--jobs", "1")
    assert_golden("cli/image-copy-list-fails.txt", ended.err.replace(str(folder), "FOLDER"))


def test_quiet_is_of_what_went_well(folder: Path) -> None:
    """What failed is an error. With -o json an event tells it."""
    (folder / "list").write_text("oci-layout:build:one oci-layout:there:1\noci-layout:build:no oci-layout:there:2\n")
    ended = tidegate("-q", "-C", folder, "image", "copy", "--from", "list")
    assert [line.split()[0] for line in ended.err.splitlines()] == [
        *("failed", "hint:", "error:", "code:", "where:", "hint:")
    ]
    told = tidegate("-q", "-C", folder, "image", "copy", "--from", "list", "-o", "json").err
    assert json.loads(told)["error"]["code"] == "image/copies-failed"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("rm oci-layout:build", "write oci-layout:build:TAG"),
        ("copy a b --from list", "with --from FILE, not both"),
        ("copy oci-layout:build oci-layout:there", "write oci-layout:there:TAG"),
        ("ls 127.0.0.1:99999/app", "99999 is no port"),
    ],
)
def test_what_is_left_out_or_too_much_is_named(folder: Path, words: str, told: str) -> None:
    ended = _image(folder, *words.split())
    assert (ended.code, told in ended.err) == (2, True)


def _misspelt(folder: Path, *arguments: str) -> Ended:
    """Run a command where tidegate.yaml has the registries dev and prd, and Docker Hub is out of reach."""
    (folder / "tidegate.yaml").write_text(SMALL)
    with socket.create_server(("127.0.0.1", 0)) as server:
        nowhere = f"http://127.0.0.1:{server.getsockname()[1]}"
    return tidegate("-C", folder, "image", *arguments, environ={"HOME": str(folder), "HTTPS_PROXY": nowhere})


def test_a_misspelt_account_is_told_before_docker_hub_is_asked(folder: Path) -> None:
    ended = _misspelt(folder, "ls", "dvv:inventory")
    assert ended.code == 2
    assert "tidegate.yaml has the registries dev, prd, so no registry is called dvv; did you mean dev?" in ended.err


@pytest.mark.parametrize(
    "words",
    ["copy oci-layout:build:one dvv:inventory", "copy --from list", "digest dvv:inventory", "tag dvv:inventory 2"],
)
def test_where_docker_hub_fails_it_is_told_which_name_was_read_so(
    folder: Path, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tidegate.cli.image.access.RETRY", Retry(attempts=1))
    (folder / "list").write_text("oci-layout:build:one oci-layout:there\ndvv:inventory oci-layout:there\n")
    ended = _misspelt(folder, *words.split())
    assert ended.code == 1
    told = "dvv:inventory was read as docker.io/library/dvv:inventory; tidegate.yaml has the registries dev, prd; "
    assert told in ended.err


def test_what_docker_tag_takes_is_told_from_a_tag(folder: Path) -> None:
    refused = _image(folder, "tag", "oci-layout:build:one", "registry.example.com/one:1")
    assert (refused.code, "tidegate image copy" in refused.err) == (2, True)


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        ("image delete", "rm"),
        ("image tags", "ls"),
        ("image push", "copy"),
        ("copy a b", "image copy"),
        ("imag", "image"),
    ],
)
def test_a_verb_of_another_tool_is_answered_with_ours(words: str, meant: str) -> None:
    ended = tidegate(*words.split())
    assert (ended.code, f"Did you mean {meant}?" in ended.err) == (2, True)


def test_one_blob_is_one_blob(folder: Path) -> None:
    single = build_image("single", layers=0)
    single.push(LayoutFolder(folder / "build"), "", "single")
    assert "(1 blob sent, " in _image(folder, "copy", "oci-layout:build:single", "oci-layout:there").err
    assert "  1 blob there, " in _image(folder, "verify", "oci-layout:build:single", "oci-layout:there").out


@pytest.mark.parametrize("stdin", ["</dev/null", "<&-"])
def test_a_removal_that_nobody_can_be_asked_about_is_told_on_a_line_of_its_own(folder: Path, stdin: str) -> None:
    command = [sys.executable, "-m", "tidegate", "image", "rm", "oci-layout:build:one"]
    ended = subprocess.run(
        ["sh", "-c", f'"$@" {stdin}', "sh", *command], text=True, capture_output=True, check=False, cwd=folder
    )
    assert ended.returncode == 1
    assert "error: the tag was left as it is" in ended.stderr.splitlines()
    assert "image/not-confirmed" in ended.stderr
