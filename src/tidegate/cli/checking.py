"""What `tidegate check` and `tidegate policy check` have in common: options, printing, exit code."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final, NamedTuple, ParamSpec, TypeVar

import click

from tidegate.cli.invocation import Invocation
from tidegate.cli.options import output_option
from tidegate.cli.output import Format
from tidegate.cli.printable import printable

if TYPE_CHECKING:
    from tidegate.engine.check import Area
    from tidegate.engine.findings import Finding

P = ParamSpec("P")
R = TypeVar("R")

_REPORTS: Final = ("sarif", "codequality")


class ReportFile(NamedTuple):
    """A report that is written to a file: `FORMAT=FILE`."""

    report: str
    file: str


def _report_files(
    _context: click.Context, _parameter: click.Parameter, values: tuple[str, ...]
) -> tuple[ReportFile, ...]:
    found = []
    for value in values:
        report, _, file = value.partition("=")
        if report not in _REPORTS or not file:
            raise click.BadParameter(f"{value!r} is not written {' or '.join(f'{each}=FILE' for each in _REPORTS)}")
        found.append(ReportFile(report, file))
    return tuple(found)


def check_options(function: Callable[P, R]) -> Callable[P, R]:
    """Add the options of a check; the command gets `branch`, `repo`, `report`, `saved` and `form`."""
    for option in (
        output_option,
        click.option(
            "--format",
            "report",
            type=click.Choice(_REPORTS),
            help="Print a report for CI instead: SARIF 2.1.0, or GitLab's Code Quality.",
        ),
        click.option(
            "--save",
            "saved",
            metavar="FORMAT=FILE",
            multiple=True,
            callback=_report_files,
            help="Also write such a report to a file; several are allowed.",
        ),
        click.option("--repo", metavar="PROJECT", help="Only findings in this GitOps repository."),
        click.option(
            "--branch",
            metavar="BRANCH",
            help="Look at this branch, where a repository has it: that of a merge request.",
        ),
    ):
        function = option(function)
    return function


def run_check(
    invocation: Invocation,
    areas: Iterable[Area],
    *,
    branch: str | None,
    repo: str | None,
    report: str | None,
    saved: Iterable[ReportFile],
    form: Format,
) -> None:
    """Check, write and print the findings, and exit with 1 when one of them is an error."""
    from tidegate.bootstrap import open_world
    from tidegate.cli.findings import findings_report
    from tidegate.engine.check import check

    areas = tuple(areas)
    with open_world(invocation.configuration, invocation.environ, invocation.clock, actor="") as world:
        known = sorted({environment.repo for environment in world.pipeline.environments})
        if repo is not None and repo not in known:
            raise click.BadParameter(f"no environment has it; known: {', '.join(known)}", param_hint="--repo")
        findings = check(world, areas, branch=branch, project=repo)
    for asked in saved:
        text = _report(asked.report, findings, areas)
        invocation.path(asked.file).write_text(f"{text}\n", encoding="utf-8")
    if report is None:
        invocation.output.show(form, findings_report(findings))
    else:
        invocation.output.line(_report(report, findings, areas))
    _say_ignored(invocation, findings)
    if any(finding.fails for finding in findings):
        click.get_current_context().exit(1)


def _report(report: str, findings: Iterable[Finding], areas: Iterable[Area]) -> str:
    from tidegate.cli.findings import code_quality, sarif

    if report == "sarif":
        return sarif(findings, (rule for area in areas for rule in area.rules))
    return code_quality(findings)


def _say_ignored(invocation: Invocation, findings: Iterable[Finding]) -> None:
    ignored = Counter((finding.rule, finding.ignored) for finding in findings if finding.ignored is not None)
    for (rule, reason), count in ignored.items():
        invocation.output.say(printable(f"ignored: {count} × {rule}: {reason}"))
