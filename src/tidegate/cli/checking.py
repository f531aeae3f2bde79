"""What `tidegate check` and `tidegate policy check` have in common: options, printing, exit code."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, ParamSpec, TypeVar

import click

from tidegate.cli.invocation import Invocation
from tidegate.cli.options import output_option
from tidegate.cli.output import Format, printable

if TYPE_CHECKING:
    from tidegate.engine.check import Area
    from tidegate.engine.findings import Finding

P = ParamSpec("P")
R = TypeVar("R")


def check_options(function: Callable[P, R]) -> Callable[P, R]:
    """Add the options of a check; the command gets `branch`, `repo`, `report` and `form`."""
    for option in (
        output_option,
        click.option(
            "--format",
            "report",
            type=click.Choice(["sarif", "codequality"]),
            help="Print a report for CI instead: SARIF 2.1.0, or GitLab's Code Quality.",
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
    form: Format,
) -> None:
    """Check, print the findings, and exit with 1 when one of them is an error."""
    from tidegate.bootstrap import open_world
    from tidegate.cli.findings import code_quality, findings_report, sarif
    from tidegate.engine.check import check

    areas = tuple(areas)
    with open_world(invocation.configuration, invocation.environ, invocation.clock, actor="") as world:
        known = sorted({environment.repo for environment in world.pipeline.environments})
        if repo is not None and repo not in known:
            raise click.BadParameter(f"no environment has it; known: {', '.join(known)}", param_hint="--repo")
        findings = check(world, areas, branch=branch, project=repo)
    match report:
        case "sarif":
            invocation.output.line(sarif(findings, (rule for area in areas for rule in area.rules)))
        case "codequality":
            invocation.output.line(code_quality(findings))
        case _:
            invocation.output.show(form, findings_report(findings))
    _say_ignored(invocation, findings)
    if any(finding.fails for finding in findings):
        click.get_current_context().exit(1)


def _say_ignored(invocation: Invocation, findings: Iterable[Finding]) -> None:
    ignored = Counter((finding.rule, finding.ignored) for finding in findings if finding.ignored is not None)
    for (rule, reason), count in ignored.items():
        invocation.output.say(printable(f"ignored: {count} × {rule}: {reason}"))
