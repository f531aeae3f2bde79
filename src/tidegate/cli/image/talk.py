"""What a person sees while images are copied: a line that moves on a terminal, and a line for each that is done."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from tidegate.cli.image.sizes import shown
from tidegate.cli.output import Output, printable
from tidegate.registry.batch import ByteCount, Copied

_ERASE: Final = "\r\x1b[K"


class CopyTalk:
    """Tells how a run of copies goes on.

    Args:
        output: where talk goes; the moving line only to a terminal.
        total: how many images.
        sent: counts the bytes that were sent.
        monotonic: a clock in seconds.
    """

    def __init__(
        self, output: Output, total: int, sent: ByteCount, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._output = output
        self._total = total
        self._sent = sent
        self._monotonic = monotonic
        self._began = monotonic()
        self._done = 0
        self._moves = output.talk.isatty() and not output.quiet

    def ended(self, copied: Copied) -> None:
        """Say how one copy ended."""
        self._done += 1
        self.clear()
        self._output.say(printable(_sentence(copied)))

    def tick(self) -> None:
        """Draw the moving line anew."""
        if not self._moves:
            return
        seconds = max(self._monotonic() - self._began, 0.001)
        rate = f"{shown(self._sent.total)} sent, {shown(self._sent.total / seconds)}/s"
        self._output.talk.write(f"{_ERASE}{self._done} of {self._total} images, {rate}")
        self._output.talk.flush()

    def clear(self) -> None:
        """Take the moving line away."""
        if self._moves:
            self._output.talk.write(_ERASE)
            self._output.talk.flush()


def _sentence(copied: Copied) -> str:
    target, report, error = copied.target, copied.report, copied.error
    if error is not None:
        return f"failed  {target}: {error} ({error.code})"
    if report is None:
        return f"stopped {target}"
    if report.adopted and not report.blobs_sent:
        return f"kept    {target} holds {report.digest.short} already"
    parts = [f"{report.blobs_sent} blobs sent, {shown(report.bytes_sent)}", f"{report.blobs_present} there already"]
    parts += [f"{report.referrers} attached"] if report.referrers else []
    parts += [f"{len(report.foreign)} layers lie elsewhere"] if report.foreign else []
    parts += [f"left alone: {', '.join(report.kept)}"] if report.kept else []
    return f"done    {target} holds {report.digest.short} ({'; '.join(parts)})"
