"""What a machine reads while images are copied: one JSON object a line, as docs/reference/image-copies.md has them."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from tidegate.cli.output import SCHEMA_VERSION, Json, Output
from tidegate.registry.batch import Began, BlobThere, ByteCount, Copied, Event

_SECONDS: Final = 1.0
"""Between two lines of progress."""


class CopyEvents:
    """Writes what happens in a run of copies to stdout.

    Args:
        output: stdout is its `data`.
        total: how many images.
        sent: counts the bytes that were sent.
        pauses: gives the registries that ask for patience, and for how many seconds.
        monotonic: a clock in seconds.
    """

    def __init__(
        self,
        output: Output,
        total: int,
        sent: ByteCount,
        pauses: Callable[[], Mapping[str, float]],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._output = output
        self._total = total
        self._sent = sent
        self._pauses = pauses
        self._monotonic = monotonic
        self._began = self._told = monotonic()
        self._under_way: list[str] = []
        self._results: list[Copied] = []
        self._write("started", {"schemaVersion": SCHEMA_VERSION, "images": total})

    def see(self, event: Event) -> None:
        """Write one event."""
        match event:
            case Began(pair):
                self._under_way.append(str(pair.written))
                self._write("image", {"source": str(pair.source), "target": str(pair.written)})
            case BlobThere(target, blob, moved):
                digest, size = str(blob.digest), blob.size
                self._write("blob", {"repository": target.shown, "digest": digest, "size": size, "moved": moved.value})
            case Copied(pair):
                self._under_way.remove(str(pair.written))
                self._results.append(event)
                self._write(_outcome(event), copy_record(event))

    def tick(self) -> None:
        """Write how far the run is, once in a while."""
        now = self._monotonic()
        if now - self._told < _SECONDS:
            return
        self._told = now
        waits: list[Json] = [{"registry": host, "seconds": round(left, 1)} for host, left in self._pauses().items()]
        self._write(
            "progress",
            {
                "images": self._total,
                "ended": len(self._results),
                "underWay": list(self._under_way),
                "bytesSent": self._sent.total,
                "seconds": self._seconds(),
                "waits": waits,
            },
        )

    def finish(self, *, interrupted: bool) -> None:
        """Write the summary; it is the last line."""
        outcomes = [_outcome(each) for each in self._results]
        self._write(
            "finished",
            {
                "schemaVersion": SCHEMA_VERSION,
                "images": self._total,
                "done": outcomes.count("done"),
                "failed": outcomes.count("failed"),
                "interrupted": interrupted,
                "underWay": list(self._under_way),
                "bytesSent": self._sent.total,
                "seconds": self._seconds(),
                "copies": copy_records(self._results),
            },
        )

    def _seconds(self) -> float:
        return round(self._monotonic() - self._began, 3)

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
        "kept": kept,
        "error": {"code": error.code, "what": str(error), "hint": error.hint} if error else None,
    }


def _outcome(copied: Copied) -> str:
    if copied.error is not None:
        return "failed"
    return "stopped" if copied.report is None else "done"
