"""`tidegate notify`: those whom the server tells what is new."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from tidegate.cli.invocation import Invocation, pass_invocation
from tidegate.cli.lazy import Group
from tidegate.cli.options import output_option
from tidegate.cli.output import Format
from tidegate.cli.report import Cell, Report, Style, Table
from tidegate.model.json import Json

if TYPE_CHECKING:
    from tidegate.config.notify_settings import NotifyTarget
    from tidegate.errors.notify import MessageNotTaken
    from tidegate.model.notice import Message

_HEADS: Final = ("TARGET", "EVENTS", "ENVIRONMENTS", "SERVICES", "ANSWER")


@click.group("notify", cls=Group)
def notify() -> None:
    """Send a test message to those whom the server tells what is new."""


@notify.command("test", examples=["tidegate notify test", "tidegate notify test sre", "tidegate notify test -o json"])
@click.argument("targets", metavar="[TARGET]...", nargs=-1)
@output_option
@pass_invocation
def test(invocation: Invocation, *, targets: tuple[str, ...], form: Format) -> None:
    """Send a test message to each target of `server.notify`, or to those that are named.

    It says of what each of them hears, and whether it took the message: exit code 1 when one did not. Addresses come
    from the variables and files that the configuration names, and are never printed.
    """
    from tidegate.bootstrap import message_targets
    from tidegate.errors.notify import MessageNotTaken

    chosen = _chosen(invocation, targets)
    failures: dict[str, MessageNotTaken] = {}
    for target, to in zip(chosen, message_targets(chosen, invocation.environ), strict=True):
        try:
            to.send(_message(target))
        except MessageNotTaken as refused:
            failures[target.name] = refused
    table = Table(_HEADS, tuple(_row(each, failures.get(each.name)) for each in chosen), empty="no targets")
    records = [_record(each, failures.get(each.name)) for each in chosen]
    names = tuple(f"{each.name}={'refused' if each.name in failures else 'taken'}" for each in chosen)
    invocation.output.show(form, Report(table, {"targets": records}, names))
    for name, failure in failures.items():
        invocation.output.say(f"{name}: {failure.what}")
    if failures:
        click.get_current_context().exit(1)


def _chosen(invocation: Invocation, names: tuple[str, ...]) -> tuple[NotifyTarget, ...]:
    """Return the targets of that name, or all.

    Raises:
        NotifyTargetUnknown: there is none of that name, or none at all.
    """
    from tidegate.errors.notify import NotifyTargetUnknown

    known = {each.name: each for each in invocation.configuration.server.notify}
    if not known:
        raise NotifyTargetUnknown(
            "the configuration names no target", where="server.notify", hint="e.g. notify: {sre: {url_env: SRE_URL}}"
        )
    for name in names:
        if name not in known:
            raise NotifyTargetUnknown(
                f"there is no target {name!r}", where="server.notify", hint=f"known: {', '.join(known)}"
            )
    return tuple(known[name] for name in dict.fromkeys(names)) if names else tuple(known.values())


def _message(target: NotifyTarget) -> Message:
    from tidegate.model.notice import Message

    events, environments, services = _hears_of(target)
    return Message(
        "A test of Tidegate's notifications",
        f"{target.name} will hear of: {events}\nenvironments: {environments}\nservices: {services}",
    )


def _hears_of(target: NotifyTarget) -> tuple[str, str, str]:
    """Return events, environments and services in words."""
    from tidegate.model.notice import NoticeEvent

    events = ", ".join(each.value for each in NoticeEvent if each in target.events)
    environments = "all" if target.environments is None else ", ".join(sorted(target.environments))
    return events, environments, ", ".join(target.services) or "all"


def _row(target: NotifyTarget, failure: MessageNotTaken | None) -> tuple[str | Cell, ...]:
    answer = Cell("taken", Style.GOOD) if failure is None else Cell("✗ not taken", Style.BAD)
    return (target.name, *_hears_of(target), answer)


def _record(target: NotifyTarget, failure: MessageNotTaken | None) -> dict[str, Json]:
    return {
        "name": target.name,
        "events": sorted(each.value for each in target.events),
        "environments": None if target.environments is None else sorted(target.environments),
        "services": list(target.services),
        "taken": failure is None,
        "fault": None if failure is None else {"code": failure.code, "what": failure.what, "hint": failure.hint},
    }
