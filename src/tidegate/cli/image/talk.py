"""What a person sees while images are copied: a line that moves on a terminal, and a line for each that is done."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Final

from tidegate.cli.image.sizes import shown
from tidegate.cli.output import Output, printable
from tidegate.registry.batch import Began, ByteCount, Copied, Event

_ERASE: Final = "\r\x1b[K"


class CopyTalk:
    """Tells how a run of copies goes on.

    Args:
        output: where talk goes; the moving line only to a terminal.
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
        self._began = monotonic()
        self._done = 0
        self._under_way: list[str] = []
        self._moves = output.talk.isatty() and not output.quiet

    def see(self, event: Event) -> None:
        """Take note of `event`; say how a copy ended."""
        if isinstance(event, Began):
            self._under_way.append(str(event.pair.written))
        elif isinstance(event, Copied):
            self._done += 1
            self._under_way.remove(str(event.pair.written))
            if self._total > 1 or event.error is None:
                self.clear()
                self._output.say(printable(_sentence(event)))

    def tick(self) -> None:
        """Draw the moving line anew."""
        if not self._moves:
            return
        seconds = max(self._monotonic() - self._began, 0.001)
        parts = [
            f"{self._done} of {self._total} images",
            f"{shown(self._sent.total)} sent, {shown(self._sent.total / seconds)}/s",
            *(f"{host} asks to wait {pause:.0f} s" for host, pause in self._pauses().items()),
        ]
        if self._under_way:
            first, others = self._under_way[0], len(self._under_way) - 1
            parts.append(f"waits for {first}{f' and {others} more' if others else ''}")
        import shutil  # what else it brings takes a while, and only a terminal needs it

        line = printable(", ".join(parts))[: shutil.get_terminal_size().columns - 1]
        self._output.talk.write(f"{_ERASE}{line}")
        self._output.talk.flush()

    def interrupted(self, there: int) -> None:
        """Say what is done and what is not: `there` images are at their targets."""
        self.clear()
        for target in self._under_way:
            self._output.say(printable(f"stopped {target}"))
        others = self._total - self._done - len(self._under_way)
        self._output.say(
            f"{there} of {self._total} images are there"
            f"{f', {others} were not begun' if others else ''}; run it again: what is there is not copied again"
        )

    def clear(self) -> None:
        """Take the moving line away."""
        if self._moves:
            self._output.talk.write(_ERASE)
            self._output.talk.flush()


def _sentence(copied: Copied) -> str:
    target, report, error = copied.pair.written, copied.report, copied.error
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
