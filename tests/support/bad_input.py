"""Bad input: what is wrong, what is called, and what must be said; and how worlds are made to have it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

from support.cli import Ended, tidegate
from support.end_state import written
from support.road_texts import DEV, STAGING, Settings, file_of, helm_release
from support.road_world import RoadWorld, release_image

E2E_FILE = file_of("e2e")
STAGING_FILE = file_of("staging")
TO_STAGING = ("promote", "inventory", "--to", "staging")
DELIVER = ("deliver", f"{STAGING}!1")

Arrange = Callable[[RoadWorld], None]


@dataclass(frozen=True)
class Row:
    """One kind of bad input.

    Args:
        what: what is wrong, in a few words.
        arrange: makes it so.
        call: what is called then.
        code: the error's, or the reason's, code.
        exit_code: the exit code.
        where: the place that is named; "" when there is none to name.
        said: a part of the sentence.
    """

    what: str
    arrange: Arrange
    call: tuple[str, ...]
    code: str
    exit_code: int
    where: str
    said: str


def run(world: RoadWorld, *arguments: str) -> Ended:
    return tidegate("-C", world.folder, *arguments, environ=world.environ)


def check(world: RoadWorld, row: Row) -> None:
    """Arrange, call, and compare: the complaint, the exit code, and that nothing was written."""
    row.arrange(world)
    before = written(world)
    ended = run(world, "-q", *row.call, "-o", "json")
    assert ended.code == row.exit_code, ended.out + ended.err
    code, where, said, hint = complaint(ended, row.code)
    assert (code, where.replace(str(world.folder), ".")) == (row.code, row.where)
    assert row.said in said
    assert hint
    assert written(world) == before
    assert "\x1b" not in ended.out + ended.err
    for_people = run(world, *row.call)
    assert for_people.code == row.exit_code
    assert "\x1b" not in for_people.out + for_people.err
    assert row.said in for_people.out + for_people.err
    assert "bug in Tidegate" not in for_people.err


def complaint(ended: Ended, code: str) -> tuple[str, str, str, str]:
    """Return code, place, sentence and hint of an error, or of the reason of a verdict that has `code`."""
    if ended.err:
        error = json.loads(ended.err)["error"]
        assert error["exitCode"] == ended.code
        return error["code"], error["where"] or "", error["what"], error["hint"]
    (delivery,) = json.loads(ended.out)["deliveries"]
    assert delivery["outcome"] in {"refused", "waits"}
    reasons = delivery["verdict"]["reasons"]
    told = [reason for reason in reasons if reason["code"] == code]
    assert told, reasons
    return code, told[0]["evidence"] or "", told[0]["text"], told[0]["hint"]


def declares(data: bytes | None, path: str = E2E_FILE) -> Arrange:
    """Let the main branch of the first repository hold `data` at `path`."""

    def arrange(world: RoadWorld) -> None:
        world.commit(DEV, {path: data})

    return arrange


CONFIG_MAP = b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: inventory}\ndata: {HelmRelease: no}\n"
RIGHT = helm_release("e2e", "1.1.3-rc1")


def bomb(data: bytes = RIGHT) -> bytes:
    """Return a HelmRelease whose values expand to a billion."""
    lines = ["    a: &a [x, x, x, x, x, x, x, x, x]"]
    for before, name in zip("abcdefgh", "bcdefghi", strict=True):
        lines.append(f"    {name}: &{name} [{', '.join([f'*{before}'] * 9)}]")
    return data + "\n".join(lines).encode() + b"\n"


def huge(data: bytes = RIGHT) -> bytes:
    return data + b"# a comment of 100 MB\n" * (100_000_000 // 22 + 1)


def proposes(
    data: bytes | None, path: str = STAGING_FILE, *, project: str = STAGING, also: dict[str, bytes | None] | None = None
) -> Arrange:
    """Let an approved merge request write `data` at `path`."""

    def arrange(world: RoadWorld) -> None:
        world.commit(project, {path: data, **(also or {})}, branch="by-hand")
        opened = run(world, "mr", "open", project, "--branch", "by-hand", "--title", "inventory", "--as", "mallory")
        assert opened.code == 0, opened.err
        for user in ("sam", "ann", "bob"):
            assert run(world, "mr", "approve", f"{project}!1", "--as", user).code == 0

    return arrange


def after(*arrangements: Arrange) -> Arrange:
    """Arrange one thing after the other."""

    def arrange(world: RoadWorld) -> None:
        for each in arrangements:
            each(world)

    return arrange


def promoted(world: RoadWorld) -> None:
    """Let `promote` have made the merge request, and let it be approved."""
    assert run(world, *TO_STAGING).code == 0
    assert run(world, "mr", "approve", f"{STAGING}!1", "--as", "sam").code == 0


def holds(environment: str, tag: str) -> Arrange:
    """Let a tag of an environment's account hold another image than anyone knows of."""
    return lambda world: world.push_image(environment, tag, release_image("something else"))


def staged(tag: str = "1.1.4", repository: str | None = None) -> bytes:
    return helm_release("staging", tag, repository=repository)


def endpoint(account: str, url: str) -> Arrange:
    return lambda world: world.configure(Settings(endpoints={account: url}))
