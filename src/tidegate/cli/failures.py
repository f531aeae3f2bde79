"""How an error looks: for people as four short lines, for programs as JSON. Always on stderr."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TextIO

import click

from tidegate.cli.output import Output, as_json
from tidegate.cli.printable import printable
from tidegate.errors import Place, TidegateError, UsageError
from tidegate.errors.config import ConfigInvalid, Finding
from tidegate.model.json import Json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

BUG_CODE: Final = "tidegate/bug"
SYSTEM_CODE: Final = "tidegate/system"


_OTHER_WORD: Final = {"--in": "--to", "--to": "--in"}
"""An environment is looked at with one and promoted to with the other."""


@dataclass(frozen=True, slots=True)
class Failure:
    """An error as it is shown.

    Args:
        what: the sentence.
        code: the stable code.
        exit_code: the process's exit code.
        where: place or thing, or None.
        hint: what to do, or None.
        retryable: whether the same call may succeed when made again.
        findings: of a wrong configuration, every finding.
    """

    what: str
    code: str
    exit_code: int
    where: Place | str | None = None
    hint: str | None = None
    retryable: bool = False
    findings: tuple[Finding, ...] = ()

    @classmethod
    def of(cls, error: TidegateError) -> Failure:
        """Return how `error` is shown."""
        if isinstance(error, ConfigInvalid):
            return cls(error.what, error.code, error.exit_code, findings=error.findings)
        return cls(error.what, error.code, error.exit_code, error.where, error.hint, error.retryable)

    @classmethod
    def of_usage(cls, error: click.ClickException, global_options: frozenset[str]) -> Failure:
        """Return how click's complaint about the command line is shown.

        Args:
            global_options: the root's options; one after the verb gets the hint that it stands before it.
        """
        context = error.ctx if isinstance(error, click.UsageError) else None
        what = error.format_message()
        hint = f"{context.command_path} --help tells what can be given" if context else None
        if isinstance(error, click.NoSuchOption):
            what = f"there is no option {error.option_name} here"
            if error.option_name in global_options:
                hint = f"{error.option_name} stands before the verb: tidegate {error.option_name} …"
            elif (other := _OTHER_WORD.get(error.option_name)) and other in _options(error.ctx):
                hint = f"did you mean {other}?"
            elif error.possibilities:
                hint = f"did you mean {' or '.join(error.possibilities)}?"
        return cls(what, UsageError.code, error.exit_code, hint=hint)

    @classmethod
    def of_bug(cls, error: Exception, clean: Callable[[str], str]) -> Failure:
        """Return how an exception that nobody foresaw is shown.

        Args:
            clean: takes secrets out of the exception's text, which is nobody's careful sentence.
        """
        text = clean(str(error))
        return cls(
            f"this is a bug in Tidegate: {type(error).__name__}{': ' if text else ''}{text}",
            BUG_CODE,
            TidegateError.exit_code,
            hint="tidegate --debug … shows the traceback; please report it",
        )

    @classmethod
    def of_system(cls, error: OSError) -> Failure:
        """Return how a refusal of the system is shown: a full disk, a folder without rights."""
        return cls(
            f"the system refused: {error.strerror or type(error).__name__}",
            SYSTEM_CODE,
            TidegateError.exit_code,
            where=str(error.filename) if error.filename is not None else None,
        )

    def lines(self) -> Iterator[str]:
        """Yield the lines for people, without colour."""
        yield f"error: {_indented(self.what)}"
        yield f"  code:  {self.code}"
        if self.where is not None:
            yield f"  where: {_indented(str(self.where))}"
        if self.hint is not None:
            yield f"  hint:  {_indented(self.hint)}"
        for finding in self.findings:
            yield ""
            key = f"{finding.key}: " if finding.key else ""
            yield f"  {printable(str(finding.place))}: {printable(key)}{_indented(finding.what)}"
            if finding.hint is not None:
                yield f"    hint: {_indented(finding.hint)}"

    def document(self) -> dict[str, Json]:
        """Return the error for programs."""
        error: dict[str, Json] = {
            "code": self.code,
            "what": self.what,
            "where": None if self.where is None else str(self.where),
            "place": _place(self.where) if isinstance(self.where, Place) else None,
            "hint": self.hint,
            "exitCode": self.exit_code,
            "retryable": self.retryable,
        }
        if self.findings:
            error["findings"] = [
                {"place": _place(one.place), "key": one.key, "what": one.what, "hint": one.hint}
                for one in self.findings
            ]
        return {"error": error}


def end_with(faults: Sequence[TidegateError], output: Output) -> None:
    """Raise the first of `faults`, which has the exit code, when all else is done; the others are told before.

    Args:
        faults: what went wrong on the way, the same perhaps twice; nothing happens without any.
        output: where to tell.
    """
    told = {str(fault) for fault in faults[:1]}
    for other in faults[1:]:
        if str(other) not in told:
            told.add(str(other))
            output.say(printable(f"also: {other} [{other.code}]"))
    if faults:
        raise faults[0]


def show(failure: Failure, stream: TextIO, *, json: bool, colour: bool) -> int:
    """Write `failure` to `stream`, as JSON or in lines, and return the exit code."""
    if json:
        stream.write(f"{as_json(failure.document())}\n")
    else:
        head, *rest = failure.lines()
        if colour:
            head = click.style("error:", fg="red", bold=True) + head.removeprefix("error:")
        stream.writelines(f"{line}\n" for line in (head, *rest))
    return failure.exit_code


def _options(context: click.Context | None) -> frozenset[str]:
    return (
        frozenset(name for parameter in context.command.params for name in parameter.opts) if context else frozenset()
    )


def _indented(text: str) -> str:
    """Return `text` with control characters spelt out and its further lines set under the first."""
    return "\n         ".join(printable(line) for line in text.splitlines())


def _place(place: Place) -> dict[str, Json]:
    return {"file": place.file, "line": place.line, "column": place.column}
