"""What a machine reads while images are copied: one JSON object a line, as docs/reference/image-copies.md has them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Final

from tidegate.cli.image.course import Course
from tidegate.cli.output import SCHEMA_VERSION, Output
from tidegate.model.json import Json
from tidegate.registry.batch import Began, BlobThere, Copied, Event, Narrowed

_SECONDS: Final = 1.0
"""Between two lines of progress."""


class CopyEvents:
    """Writes what happens in a run of copies to stdout.

    Args:
        output: stdout is its `data`.
        course: how far the run is; told of each event before `see`.
        platform: what `--platform` says, as digests are not those of the whole images then.
    """

    def __init__(self, output: Output, course: Course, platform: str | None = None) -> None:
        self._output = output
        self._course = course
        self._told = 0.0
        self._write("started", {"schemaVersion": SCHEMA_VERSION, "images": course.total, "platform": platform})

    def see(self, event: Event) -> None:
        """Write one event."""
        match event:
            case Began(pair):
                self._write("image", {"source": str(pair.source), "target": str(pair.written)})
            case Narrowed(pair, part):
                places: dict[str, Json] = {"source": str(pair.source), "target": str(pair.written)}
                fields = {"platform": part.platform, "digest": str(part.digest), "whole": str(part.whole)}
                self._write("narrowed", places | fields)
            case BlobThere(target, blob, moved):
                digest, size = str(blob.digest), blob.size
                self._write("blob", {"repository": target.shown, "digest": digest, "size": size, "moved": moved.value})
            case Copied():
                self._write(_outcome(event), copy_record(event))

    def tick(self) -> None:
        """Write how far the run is, once in a while."""
        seconds = self._course.seconds()
        if seconds - self._told < _SECONDS:
            return
        self._told = seconds
        pauses = self._course.pauses()
        waits: list[Json] = [{"registry": host, "seconds": round(left, 1)} for host, left in pauses.items()]
        self._write(
            "progress",
            {
                "images": self._course.total,
                "ended": len(self._course.results),
                "underWay": list(self._course.under_way),
                "bytesSent": self._course.bytes_sent,
                "seconds": round(seconds, 3),
                "waits": waits,
            },
        )

    def finish(self, *, interrupted: bool) -> None:
        """Write the summary; it is the last line."""
        outcomes = [_outcome(each) for each in self._course.results]
        self._write(
            "finished",
            {
                "schemaVersion": SCHEMA_VERSION,
                "images": self._course.total,
                "done": outcomes.count("done"),
                "failed": outcomes.count("failed"),
                "interrupted": interrupted,
                "underWay": list(self._course.under_way),
                "bytesSent": self._course.bytes_sent,
                "seconds": round(self._course.seconds(), 3),
                "copies": copy_records(self._course.results),
            },
        )

    def _write(self, event: str, fields: Mapping[str, Json]) -> None:
        self._output.line(json.dumps({"event": event, **fields}, ensure_ascii=False))
        self._output.data.flush()


def copy_records(results: Sequence[Copied]) -> list[Json]:
    """Return how each copy ended."""
    return [copy_record(each) for each in results]


def copy_record(copied: Copied) -> dict[str, Json]:
    """Return how one copy ended; without a digest and an error it was interrupted."""
    report, error = copied.report, copied.error
    kept: list[Json] = list(report.kept) if report else []
    return {
        "source": str(copied.pair.source),
        "target": str(copied.pair.written),
        "digest": str(report.digest) if report else None,
        "adopted": report.adopted if report else None,
        "blobsSent": report.blobs_sent if report else 0,
        "bytesSent": report.bytes_sent if report else 0,
        "blobsPresent": report.blobs_present if report else 0,
        "foreign": [str(digest) for digest in report.foreign] if report else [],
        "referrers": report.referrers if report else 0,
        "referrersWritten": report.referrers_written if report else 0,
        "kept": kept,
        "error": {"code": error.code, "what": str(error), "hint": error.hint} if error else None,
    }


def _outcome(copied: Copied) -> str:
    if copied.error is not None:
        return "failed"
    return "stopped" if copied.report is None else "done"
