"""`tidegate policy check`."""

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
        "tidegate policy check",
        'tidegate policy check --branch "$CI_COMMIT_BRANCH" --repo "$CI_PROJECT_PATH" --format codequality > gl.json',
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
    """Find what will go wrong with ImagePolicies, lanes and setter markers; exit code 1 on errors.

    A rule is switched off by `policy: {ignore: {RULE: reason}}` in tidegate.yaml, or for one line by a comment
    `# tidegate:ignore RULE reason` on it or above it.
    """
    from tidegate.engine.check import POLICY

    run_check(invocation, (POLICY,), branch=branch, repo=repo, report=report, saved=saved, form=form)
