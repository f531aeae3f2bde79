"""What a run of copies tells: events for machines, a moving line and sentences for people."""

from __future__ import annotations

import io
import itertools
import json
import re
from pathlib import Path

import pytest

from support.cli import tidegate
from support.golden import assert_golden
from tidegate.cli.image.course import Course
from tidegate.cli.image.events import CopyEvents
from tidegate.cli.image.talk import CopyTalk
from tidegate.cli.output import Output
from tidegate.errors.registry import RegistryThrottled
from tidegate.model.digest import Digest
from tidegate.model.manifest import Descriptor
from tidegate.ports.images import CopyReport
from tidegate.registry.batch import Began, BlobThere, ByteCount, Copied, Event, Narrowed, Pair
from tidegate.registry.copy.transfer import Moved
from tidegate.registry.layout.registry import LayoutFolder
from tidegate.registry.places import ImagePlace
from tidegate.registry.platforms import Part
from tidegate.registry.tree import Home
from tidegate.testing.images import build_image
from tidegate.testing.registry import FakeRegistry

DEV, PRD = (Home(FakeRegistry(), f"{name}.example.com", "inventory") for name in ("dev", "prd"))
ONE, TWO, THREE = (Pair(ImagePlace(DEV, f"1.{minor}.0"), ImagePlace(PRD)) for minor in (1, 2, 3))
DIGEST = Digest.of(b"x")
EVENTS: tuple[Event, ...] = (
    Began(ONE),
    Began(TWO),
    BlobThere(PRD, Descriptor("application/octet-stream", DIGEST, 3_000_000), Moved.SENT),
    Copied(
        ONE, CopyReport(DIGEST, bytes_sent=3_000_000, blobs_sent=1, blobs_present=2, referrers=1, referrers_written=1)
    ),
    Copied(TWO, error=RegistryThrottled("the registry answered 429", where="GET https://dev.example.com/v2/")),
    Began(THREE),
)


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_shows_what_is_done_and_what_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "150")
    terminal, sent = _Terminal(), ByteCount()
    course = Course(3, sent, lambda: {"dev.example.com": 7.2}, itertools.count(0, 2).__next__)
    talk = CopyTalk(Output(io.StringIO(), terminal), course)
    sent.add(3_000_000)
    for event in EVENTS:
        course.see(event)
        talk.see(event)
        talk.tick()
    talk.interrupted()
    lines = terminal.getvalue().replace("\r\x1b[K", "\n").split("\n")
    assert "0 of 3 images, 2.9 MiB sent, 732.4 KiB/s, dev.example.com asks to wait 7 s, " in lines[2]
    assert lines[2].endswith("waits for prd.example.com/inventory:1.1.0 and 1 more")
    assert lines[-4:] == [
        f"2 of 3 images, 2.9 MiB sent, 244.1 KiB/s, dev.example.com asks to wait 7 s, waits for {THREE.written}",
        "unknown prd.example.com/inventory:1.3.0: a registry has not answered yet; it may be there",
        "1 of 3 images is there, 1 may be; run it again: what is there is not copied again",
        "",
    ]


def test_where_there_is_no_terminal_each_image_is_one_line() -> None:
    talk = io.StringIO()
    course = Course(3, ByteCount(), dict)
    told = CopyTalk(Output(io.StringIO(), talk), course)
    for event in EVENTS:
        course.see(event)
        told.see(event)
        told.tick()
    assert [line.split()[0] for line in talk.getvalue().splitlines()] == ["done", "failed"]
    assert "1 attached" in talk.getvalue()
    assert "\r" not in talk.getvalue()


@pytest.mark.parametrize(
    ("report", "sentence"),
    [
        (CopyReport(DIGEST, adopted=True), "kept    {} already"),
        (
            CopyReport(DIGEST, adopted=True, referrers=3, kept=("a.sig",)),
            "kept    {} already (3 attached, 2 of them there already; left alone: a.sig)",
        ),
        (
            CopyReport(DIGEST, blobs_present=4, referrers=2, referrers_written=1),
            "done    {} (0 blobs sent, 0 B; 4 there already; 2 attached, 1 of them there already)",
        ),
        (
            CopyReport(DIGEST, bytes_sent=5, blobs_sent=1, foreign=(DIGEST,), referrers=1, referrers_written=1),
            "done    {} (1 blob sent, 5 B; 0 there already; 1 attached; 1 layer lies elsewhere)",
        ),
    ],
)
def test_what_is_said_of_one_copy(report: CopyReport, sentence: str) -> None:
    talk = io.StringIO()
    CopyTalk(Output(io.StringIO(), talk), Course(1, ByteCount(), dict)).see(Copied(ONE, report))
    assert talk.getvalue() == f"{sentence.format(f'{ONE.written} holds {DIGEST.short}')}\n"


@pytest.mark.parametrize(
    ("total", "ended", "under_way", "told"),
    [
        (1, 0, 0, "the image is not there"),
        (1, 0, 1, "the image may be there"),
        (1, 1, 0, "the image is there"),
        (3, 0, 1, "none of 3 images is there, 1 may be, 2 were not begun"),
        (3, 1, 0, "1 of 3 images is there, 2 were not begun"),
        (3, 2, 0, "2 of 3 images are there, 1 was not begun"),
    ],
)
def test_what_is_said_of_an_interrupted_run(total: int, ended: int, under_way: int, told: str) -> None:
    talk, course = io.StringIO(), Course(total, ByteCount(), dict)
    pairs = (ONE, TWO, THREE)
    for pair in pairs[:ended]:
        course.see(Copied(pair, CopyReport(DIGEST)))
    for pair in pairs[ended : ended + under_way]:
        course.see(Began(pair))
    CopyTalk(Output(io.StringIO(), talk), course).interrupted()
    assert talk.getvalue().splitlines()[-1] == f"{told}; run it again: what is there is not copied again"


def test_where_many_fail_alike_what_to_do_is_said_once() -> None:
    talk, course = io.StringIO(), Course(4, ByteCount(), dict)
    told = CopyTalk(Output(io.StringIO(), talk), course)
    for pair, hint in ((ONE, "wait"), (TWO, "wait"), (THREE, None), (ONE, "wait")):
        told.see(Copied(pair, error=RegistryThrottled("the registry answered 429", where="prd", hint=hint)))
    assert [line.split()[0] for line in talk.getvalue().splitlines()] == [
        *("failed", "hint:", "failed", "failed", "failed", "hint:")
    ]


def test_one_platform_is_said_aloud_once_and_to_machines_of_each_image() -> None:
    data, talk = io.StringIO(), io.StringIO()
    course = Course(2, ByteCount(), dict)
    told, events = CopyTalk(Output(data, talk), course), CopyEvents(Output(data, talk), course, "linux/arm")
    for pair in (ONE, TWO):
        event = Narrowed(pair, Part("linux/arm/v7", DIGEST, Digest.of(b"whole")))
        course.see(event)
        told.see(event)
        events.see(event)
    assert talk.getvalue().startswith("only linux/arm/v7 is copied: its digest is not the one of the whole image, ")
    assert talk.getvalue().count("\n") == 1
    lines = [json.loads(line) for line in data.getvalue().splitlines()]
    assert lines[1] == {
        "event": "narrowed",
        "source": "dev.example.com/inventory:1.1.0",
        "target": "prd.example.com/inventory:1.1.0",
        "platform": "linux/arm/v7",
        "digest": str(DIGEST),
        "whole": str(Digest.of(b"whole")),
    }
    assert [line["event"] for line in lines] == ["started", "narrowed", "narrowed"]


def test_progress_is_told_once_a_second_with_what_waits() -> None:
    data, clock = io.StringIO(), iter([0, 0.5, 1.2, 1.9, 2.2, 2.5])
    course = Course(3, ByteCount(), lambda: {"dev.example.com": 7.2}, clock.__next__)
    events = CopyEvents(Output(data, io.StringIO()), course)
    for event in EVENTS[:2]:
        course.see(event)
        events.see(event)
    for _ in range(4):
        events.tick()
    events.finish(interrupted=True)
    lines = [json.loads(line) for line in data.getvalue().splitlines()]
    progress = [line for line in lines if line["event"] == "progress"]
    assert [line["seconds"] for line in progress] == [1.2, 2.2]
    assert progress[0]["waits"] == [{"registry": "dev.example.com", "seconds": 7.2}]
    assert progress[0]["underWay"] == ["prd.example.com/inventory:1.1.0", "prd.example.com/inventory:1.2.0"]
    assert lines[-1]["event"] == "finished"
    assert lines[-1]["interrupted"]
    assert lines[-1]["underWay"] == progress[0]["underWay"]


def test_the_events_of_a_list(tmp_path: Path) -> None:
    for name in ("one", "two"):
        build_image(name).push(LayoutFolder(tmp_path / "build"), "", name)
    build_image("another").push(LayoutFolder(tmp_path / "bundle"), "", "two")
    (tmp_path / "list").write_text(
        "oci-layout:build:one oci-layout:bundle\noci-layout:build:one oci-layout:bundle:one\n"
        "oci-layout:build:two oci-layout:bundle\n"
    )
    ended = tidegate("-C", tmp_path, "image", "copy", "--from", "list", "--jobs", "1", "-o", "json")
    assert ended.code == 1
    lines = [re.sub(r'"seconds": [0-9.e-]+', '"seconds": 0', line) for line in ended.out.splitlines()]
    blobs = [number for number, line in enumerate(lines) if '"event": "blob"' in line]
    lines[blobs[0] : blobs[-1] + 1] = sorted(lines[blobs[0] : blobs[-1] + 1])  # they come as threads have them
    assert_golden("cli/image-copy-events.jsonl", "".join(f"{line}\n" for line in lines))
