"""`tidegate wait`."""

from __future__ import annotations

import click

from tidegate.cli.invocation import Invocation, pass_invocation
from tidegate.cli.lazy import Command
from tidegate.cli.options import output_option
from tidegate.cli.output import Format
from tidegate.cli.report import Report, Table


@click.command(
    "wait",
    cls=Command,
    examples=[
        "tidegate wait inventory --to staging",
        "tidegate wait inventory --to e2e --version 1.1.3 --timeout 30m",
        "tidegate wait inventory --to production --live",
    ],
)
@click.argument("service")
@click.option("--to", "--in", "target", metavar="ENV", required=True, help="The environment to wait for.")
@click.option("--version", metavar="VERSION", help="The version to wait for. Default: what the one before has now.")
@click.option("--live", is_flag=True, help="Wait until it runs, too: until Flux says so in the environment's cluster.")
@click.option("--timeout", default="10m", show_default=True, metavar="TIME", help="How long, like 90s, 10m or 2h.")
@click.option("--interval", default="5s", show_default=True, metavar="TIME", help="Pause between two looks.")
@output_option
@pass_invocation
def wait(
    invocation: Invocation,
    *,
    service: str,
    target: str,
    version: str | None,
    live: bool,
    timeout: str,
    interval: str,
    form: Format,
) -> None:
    """Wait until an environment declares a release; exit code 8 when the time is over."""
    from tidegate.bootstrap import open_world
    from tidegate.config import duration
    from tidegate.engine.views.documents import live_document
    from tidegate.engine.views.wait import wait_for

    with open_world(invocation.configuration, invocation.environ, invocation.clock, actor="") as world:
        cell = wait_for(
            world,
            world.service(service),
            world.environment(target),
            version=version,
            live=live,
            timeout=duration(timeout),
            interval=duration(interval),
            report=invocation.output.say,
        )
    invocation.output.show(
        form,
        Report(
            Table(("SERVICE", "ENVIRONMENT", "VERSION"), ((service, target, cell.tag or ""),), empty=""),
            {"service": service, "environment": target, "tag": cell.tag, "live": live_document(cell.live)},
            (cell.tag or "",),
        ),
    )
