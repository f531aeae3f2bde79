"""`tidegate auth`: which credentials are used for which registry. Never a secret."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tidegate.cli.invocation import Invocation, pass_invocation
from tidegate.cli.lazy import Group
from tidegate.cli.options import output_option
from tidegate.cli.output import Format
from tidegate.cli.report import Cell, Report, Style, Table
from tidegate.model.json import Json

if TYPE_CHECKING:
    from tidegate.errors import TidegateError
    from tidegate.registry.access import Access


@click.group("auth", cls=Group)
def auth() -> None:
    """Show which credentials are used for which registry."""


@auth.command(
    "status",
    examples=[
        "tidegate auth status",
        "tidegate auth status --check",
        "tidegate auth status registry.example.com -o json",
    ],
)
@click.argument("registries", metavar="[REGISTRY]...", nargs=-1)
@click.option("--check", is_flag=True, help="Ask each registry whether it accepts them.")
@output_option
@pass_invocation
def status(invocation: Invocation, *, registries: tuple[str, ...], check: bool, form: Format) -> None:
    """Say where the credentials of each registry come from, and whether it accepts them.

    REGISTRY is a name in tidegate.yaml, or any host; without one, all of tidegate.yaml are shown.

    The first that answers is used: `credentials` of the registry in tidegate.yaml, TIDEGATE_REGISTRY_<NAME>_USERNAME
    and _PASSWORD, docker login, AWS's own chain (ECR only), GitLab's CI_REGISTRY_USER and CI_REGISTRY_PASSWORD.
    Exit code 4 when some can't be read or are refused.
    """
    from tidegate.bootstrap import registry_access
    from tidegate.cli.image.access import has_configuration
    from tidegate.errors.config import ConfigMissing

    configured = has_configuration(invocation)
    if not (configured or registries):
        raise ConfigMissing(
            "there is no tidegate.yaml here or in a folder above",
            where=str(invocation.directory.absolute()),
            hint="name hosts: tidegate auth status registry.example.com; or a file, with --config or TIDEGATE_CONFIG",
        )
    accounts = invocation.configuration.pipeline.registries if configured else {}
    found = registry_access(accounts, invocation.environ, registries, check=check)
    table = Table(
        ("REGISTRY", "HOST", "CREDENTIALS", "USER", *(("ANSWER",) if check else ())),
        tuple(_row(each, check=check) for each in found),
        empty="no registries",
    )
    names = tuple(f"{each.account.name}={each.source or ''}" for each in found)
    invocation.output.show(form, Report(table, {"registries": [_record(each) for each in found]}, names))
    faults = [(each.account.name, each.fault) for each in found if each.fault is not None]
    for name, fault in faults:
        invocation.output.say(f"{name}: {fault}{f' → {fault.hint}' if fault.hint else ''}")
    if faults:
        click.get_current_context().exit(max(fault.exit_code for _, fault in faults))


def _row(access: Access, *, check: bool) -> tuple[str | Cell, ...]:
    from tidegate.registry.access import Standing

    if access.is_folder:
        source: str | Cell = Cell("a folder: none needed", Style.DIM)
    elif access.source is not None:
        source = access.source
    else:
        source = Cell("none", Style.DIM) if access.is_readable else Cell("✗ unreadable", Style.BAD)
    user = "(token)" if access.username == "" else access.username or ""
    if not check:
        return (access.account.name, access.account.host, source, user)
    styles = {Standing.ACCEPTED: Style.GOOD, Standing.REFUSED: Style.BAD, Standing.UNKNOWN: Style.BAD}
    answer = "" if access.is_folder else Cell(access.standing.value, styles.get(access.standing, Style.PLAIN))
    return (access.account.name, access.account.host, source, user, answer)


def _fault(fault: TidegateError) -> dict[str, Json]:
    where = None if fault.where is None else str(fault.where)
    return {"code": fault.code, "what": fault.what, "where": where, "hint": fault.hint}


def _record(access: Access) -> dict[str, Json]:
    fault = access.fault
    return {
        "name": access.account.name,
        "host": access.account.host,
        "at": access.at,
        "source": access.source,
        "username": access.username,
        "answer": access.standing.value,
        "fault": None if fault is None else _fault(fault),
    }
