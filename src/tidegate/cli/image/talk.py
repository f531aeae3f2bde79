"""What a person sees while images are copied: a line that moves on a terminal, and a line for each that is done."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from tidegate.cli.image.course import Course
from tidegate.cli.image.sizes import shown
from tidegate.cli.output import Output
from tidegate.cli.printable import printable
from tidegate.counted import counted
from tidegate.registry.batch import Copied, Event, Narrowed

if TYPE_CHECKING:
    from tidegate.ports.images import CopyReport

_ERASE: Final = "\r\x1b[K"
_INDENT: Final = " " * len("failed  ")
_SEP: Final = "; "
_NARROWED: Final = (
    "only {} is copied: its digest is not the one of the whole image, and what is attached to the whole stays behind"
)


class CopyTalk:
    """Tells how a run of copies goes on.

    Args:
        output: where talk goes; the moving line only to a terminal.
        course: how far the run is; told of each event before `see`.
        moves: whether a terminal gets the moving line: one that can take it away again, and shows no events besides.
        tells_failures: whether what failed is told although `output` is quiet: where no event tells it.
    """

    def __init__(self, output: Output, course: Course, *, moves: bool = True, tells_failures: bool = False) -> None:
        self._output = output
        self._failures = replace(output, quiet=output.quiet and not tells_failures)
        self._course = course
        self._narrowed = False
        self._hint: str | None = None
        """What was said last of what to do: where many fail alike it is said once."""
        self._moves = moves and output.talk.isatty() and not output.quiet

    def see(self, event: Event) -> None:
        """Say how a copy ended, and once, as soon as it is known, that it is not of all that an image is."""
        if isinstance(event, Narrowed) and not self._narrowed:
            self._narrowed = True
            self.clear()
            self._output.say(printable(_NARROWED.format(event.part.platform)))
        if isinstance(event, Copied) and (self._course.total > 1 or event.error is None):
            self.clear()
            (self._failures if event.error else self._output).say(printable(_sentence(event)))
            if event.error is not None:
                self._say_hint(event.error.hint)

    def tick(self) -> None:
        """Draw the moving line anew."""
        if not self._moves:
            return
        course, sent = self._course, self._course.bytes_sent
        parts = [
            f"{len(course.results)} of {counted(course.total, 'image')}",
            f"{shown(sent)} sent, {shown(sent / max(course.seconds(), 0.001))}/s",
            *(f"{host} asks to wait {pause:.0f} s" for host, pause in course.pauses().items()),
        ]
        if course.under_way:
            first, others = course.under_way[0], len(course.under_way) - 1
            parts.append(f"waits for {first}{f' and {others} more' if others else ''}")
        import shutil  # what else it brings takes a while, and only a terminal needs it

        line = printable(", ".join(parts))[: shutil.get_terminal_size().columns - 1]
        self._output.talk.write(f"{_ERASE}{line}")
        self._output.talk.flush()

    def interrupted(self) -> None:
        """Say what is done and what is not."""
        self.clear()
        course = self._course
        for target in course.under_way:
            self._output.say(printable(f"unknown {target}: a registry has not answered yet; it may be there"))
        self._output.say(f"{_so_far(course)}; run it again: what is there is not copied again")

    def _say_hint(self, hint: str | None) -> None:
        if hint and hint != self._hint:
            self._failures.say(printable(f"{_INDENT}hint: {hint}"))
        self._hint = hint

    def clear(self) -> None:
        """Take the moving line away."""
        if self._moves:
            self._output.talk.write(_ERASE)
            self._output.talk.flush()


def _so_far(course: Course) -> str:
    """Return how many images are there, how many may be, and how many were not begun."""
    there, unknown = sum(each.report is not None for each in course.results), len(course.under_way)
    if course.total == 1:
        return f"the image {'is' if there else 'may be' if unknown else 'is not'} there"
    others = course.total - len(course.results) - unknown
    may_be = f", {unknown} may be" if unknown else ""
    begun = f", {counted(others, 'was', 'were')} not begun" if others else ""
    return f"{there or 'none'} of {course.total} images {'are' if there > 1 else 'is'} there{may_be}{begun}"


def _sentence(copied: Copied) -> str:
    target, report, error = copied.pair.written, copied.report, copied.error
    if error is not None:
        what = error.what if str(error.where) == str(target) else str(error)
        line = f" ({copied.pair.line})" if copied.pair.line else ""
        return f"failed  {target}{line}: {what} ({error.code})"
    if report is None:
        return f"stopped {target}"
    parts = list(_attached(report))
    if report.adopted:
        return f"kept    {target} holds {report.digest.short} already{f' ({_SEP.join(parts)})' if parts else ''}"
    sent = f"{counted(report.blobs_sent, 'blob')} sent, {shown(report.bytes_sent)}"
    parts = [sent, f"{report.blobs_present} there already", *parts]
    return f"done    {target} holds {report.digest.short} ({_SEP.join(parts)})"


def _attached(report: CopyReport) -> Iterator[str]:
    """Yield what there is to say of what is attached, and of what stays where it is."""
    if report.referrers:
        there = report.referrers - report.referrers_written - len(report.kept)
        yield f"{report.referrers} attached{f', {there} of them there already' if there else ''}"
    if report.foreign:
        yield counted(len(report.foreign), "layer lies elsewhere", "layers lie elsewhere")
    if report.kept:
        yield f"left alone: {', '.join(report.kept)}"
