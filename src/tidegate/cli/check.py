"""`tidegate check`."""

from __future__ import annotations

import click

from tidegate.cli.checking import ReportFile, check_options, run_check
from tidegate.cli.invocation import Invocation, pass_invocation
from tidegate.cli.lazy import Command
from tidegate.cli.output import Format


@click.command(
    "check",
    cls=Command,
    examples=[
        "tidegate check",
        "tidegate check --format sarif > tidegate.sarif",
        "tidegate check --save codequality=gl-code-quality-report.json --save sarif=tidegate.sarif",
    ],
)
@check_options
@pass_invocation
def check(
    invocation: Invocation,
    *,
    branch: str | None,
    repo: str | None,
    report: str | None,
    saved: tuple[ReportFile, ...],
    form: Format,
) -> None:
    """Find what will go wrong in the GitOps repositories, before it does; exit code 1 on errors.

    Runs every rule, those of `tidegate policy check` among them. A rule is switched off with a reason, in tidegate.yaml
    or by a comment: see `tidegate policy check --help`.
    """
    from tidegate.engine.check import AREAS

    run_check(invocation, AREAS, branch=branch, repo=repo, report=report, saved=saved, form=form)
