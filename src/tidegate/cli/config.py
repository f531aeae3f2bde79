"""`tidegate config`: the configuration, seen from outside."""

from __future__ import annotations

import click

from tidegate.cli.invocation import Invocation, pass_invocation
from tidegate.cli.lazy import Group
from tidegate.cli.options import output_option
from tidegate.cli.output import Format
from tidegate.cli.printable import printable
from tidegate.cli.report import Report, Table


@click.group("config", cls=Group)
def config() -> None:
    """Show, check and describe tidegate.yaml."""


@config.command("view", examples=["tidegate config view", "tidegate -C demo config view -o json"])
@output_option
@pass_invocation
def view(invocation: Invocation, form: Format) -> None:
    """Show the effective values and where each comes from.

    Environment variables win over tidegate.yaml, which wins over the defaults.
    """
    origins = invocation.configuration.origins
    table = Table(
        columns=("KEY", "VALUE", "FROM"),
        rows=tuple((key, origin.shown, origin.source) for key, origin in origins.items()),
        empty="the configuration is empty",
    )
    values = [{"key": key, "value": origin.value, "from": origin.source} for key, origin in origins.items()]
    invocation.output.show(form, Report(table, {"values": values}, tuple(origins)))


@config.command("check", examples=["tidegate config check", "tidegate --config other.yaml config check"])
@pass_invocation
def check(invocation: Invocation) -> None:
    """Check tidegate.yaml; every error at once, each with its place.

    Also warns of what can be used and may not be meant: a folder of images that is not there, services that share a
    folder. Warnings leave the exit code at 0.
    """
    from tidegate.config.checks import check_configuration
    from tidegate.errors.config import ConfigInvalid

    checked = check_configuration(invocation.configuration)
    for warning in checked.warnings:
        invocation.output.line(printable(f"{warning.place}: warning: {warning.key}: {warning.what}"))
        if warning.hint is not None:
            invocation.output.line(f"  hint: {printable(warning.hint)}")
    if checked.errors:
        raise ConfigInvalid(checked.errors)
    invocation.output.say(f"{invocation.configuration.file}: no errors")


@config.command("schema", examples=["tidegate config schema > tidegate.schema.json"])
@pass_invocation
def schema(invocation: Invocation) -> None:
    """Print the JSON Schema of tidegate.yaml, for editors."""
    import json

    from tidegate.config.json_schema import json_schema

    invocation.output.line(json.dumps(json_schema(), indent=2))
