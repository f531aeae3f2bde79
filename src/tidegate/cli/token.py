"""`tidegate token`: API tokens of the server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from tidegate.cli.invocation import Invocation, pass_invocation
from tidegate.cli.lazy import Group
from tidegate.cli.lengths import length
from tidegate.cli.options import as_option, output_option
from tidegate.cli.output import Format
from tidegate.cli.report import Cell, Report, Style, Table

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tidegate.config.token_file import TokenEntry
    from tidegate.model.json import Json

_ROLES: Final = ("viewer", "promoter", "deliverer", "admin")


@click.group("token", cls=Group)
def token() -> None:
    """Make and list API tokens of the server."""


@token.command(
    "create",
    examples=[
        "tidegate token create ci --role promoter --env e2e --env staging --as release-bot",
        "tidegate token create dashboard --role viewer --for 365d",
    ],
)
@click.argument("name")
@click.option("--role", type=click.Choice(_ROLES), required=True, help="What it may do.")
@click.option("--env", "environments", metavar="ENV", multiple=True, help="Where; several times. Default: everywhere.")
@click.option("--for", "lifetime", metavar="TIME", default="90d", show_default=True, help="How long it is good.")
@as_option
@pass_invocation
def create(
    invocation: Invocation, *, name: str, role: str, environments: tuple[str, ...], lifetime: str, user: str
) -> None:
    """Print a new token, once, and add its hash to the file that `server.tokens` names.

    USER is who acts when it is used. The server takes it at once; to revoke it, delete its entry in the file.
    """
    from tidegate.config.token_file import TokenEntry, add_token
    from tidegate.model.role import Role, Scope
    from tidegate.server.access.secrets import digest_of, new_token

    file = _file(invocation)
    _require_known(invocation, environments)
    secret = new_token()
    entry = TokenEntry(
        name=name,
        user=user,
        scope=Scope(Role(role), frozenset(environments) or None),
        expires=invocation.clock.now() + length(lifetime),
        digest=digest_of(secret),
    )
    add_token(file, entry)
    invocation.output.say(f"{name} acts as {user} until {entry.expires:%Y-%m-%d %H:%M} UTC; its hash is in {file}")
    invocation.output.line(secret)


@token.command("list", examples=["tidegate token list", "tidegate token list -o json"])
@output_option
@pass_invocation
def list_tokens(invocation: Invocation, *, form: Format) -> None:
    """List tokens: who acts by them, what they may do, and until when."""
    from tidegate.config.token_file import read_tokens, token_file_bytes

    file, now = _file(invocation), invocation.clock.now()
    entries = read_tokens(token_file_bytes(file), str(file)).values()
    rows = tuple(
        (
            each.name,
            each.user,
            each.scope.role.value,
            ", ".join(sorted(each.scope.environments)) if each.scope.environments is not None else "everywhere",
            Cell(f"{each.expires:%Y-%m-%d %H:%M}", Style.PLAIN if now < each.expires else Style.BAD),
        )
        for each in entries
    )
    table = Table(("TOKEN", "USER", "ROLE", "ENVIRONMENTS", "UNTIL"), rows, empty="no tokens")
    documents: list[Json] = [_document(each) for each in entries]
    invocation.output.show(form, Report(table, {"tokens": documents}, tuple(each.name for each in entries)))


def _document(entry: TokenEntry) -> Mapping[str, Json]:
    where = entry.scope.environments
    return {
        "name": entry.name,
        "user": entry.user,
        "role": entry.scope.role.value,
        "environments": None if where is None else sorted(where),
        "expires": entry.expires.isoformat(),
    }


def _file(invocation: Invocation) -> Path:
    from tidegate.errors.server import TokenFileInvalid

    file = invocation.configuration.server.access.tokens
    if file is None:
        raise TokenFileInvalid(
            "the configuration names no file for tokens",
            where="server.tokens",
            hint="e.g. tokens: ./tidegate-tokens.yaml",
        )
    return file


def _require_known(invocation: Invocation, environments: tuple[str, ...]) -> None:
    from tidegate.errors.release import EnvironmentUnknown

    pipeline = invocation.configuration.pipeline
    for each in environments:
        if pipeline.environment(each) is None:
            known = ", ".join(one.name for one in pipeline.environments)
            raise EnvironmentUnknown(f"there is no environment {each!r}", hint=f"environments in order: {known}")
