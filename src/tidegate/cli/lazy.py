"""Commands that are imported when they are called, so that `--help` and `--version` start fast."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Final

import click

_ELSEWHERE: Final[Mapping[str, Sequence[str]]] = {
    "copy": ("image copy",),
    "cp": ("copy",),
    "delete": ("rm",),
    "list": ("ls",),
    "pull": ("copy",),
    "push": ("copy",),
    "remove": ("rm",),
    "sync": ("copy",),
    "tags": ("ls",),
}
"""What other tools call it, docker, crane and skopeo among them; looked at where there is no such verb."""
_WHOLE: Final = 1000
"""Characters of a first sentence: more than any has."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the command table.

    Args:
        name: the verb.
        target: `module:attribute` of the click command.
        section: the heading of the help that it stands under.
        help: the short help; equal to the command's own.
    """

    name: str
    target: str
    section: str
    help: str

    def load(self) -> click.Command:
        """Import the command and return it."""
        module, _, attribute = self.target.partition(":")
        command: object = getattr(import_module(module), attribute)
        if not isinstance(command, click.Command):
            raise TypeError(f"{self.target} is not a click command")
        return command


class HelpShown(click.UsageError):
    """A group was called without a verb: its help is the answer, on stderr, with exit code 2."""

    def __init__(self, context: click.Context) -> None:
        super().__init__(context.get_help(), ctx=context)


class Command(click.Command):
    """A command whose help ends with examples.

    Args:
        examples: whole command lines, each starting with `tidegate`; at least one.
    """

    def __init__(self, *args: object, examples: Sequence[str], **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type] # click's own arguments pass through as they are
        self.examples = tuple(examples)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples, unwrapped."""
        super().format_epilog(ctx, formatter)
        _write_examples(self.examples, formatter)


def _write_examples(examples: Sequence[str], formatter: click.HelpFormatter) -> None:
    with formatter.section("Examples"):
        for example in examples:
            formatter.write(f"{'':>{formatter.current_indent}}{example}\n")


class Group(click.Group):
    """A group of commands; a misspelt verb gets a suggestion, no verb gets the help.

    Its help ends with an example of each command: the first of the command's own.
    """

    command_class = Command

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the group's own options."""
        if not args and not ctx.resilient_parsing:
            raise HelpShown(ctx)
        return super().parse_args(ctx, args)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command of the verb `args[0]`.

        Raises:
            click.UsageError: there is none; names the nearest.
        """
        verb = args[0]
        if not ctx.resilient_parsing and self.get_command(ctx, verb) is None:
            from difflib import get_close_matches

            known = self.list_commands(ctx)
            elsewhere = [words for words in _ELSEWHERE.get(verb, ()) if words.split()[0] in known]
            nearest = elsewhere or get_close_matches(verb, known, n=1)
            meant = f" Did you mean {nearest[0]}?" if nearest else ""
            raise click.UsageError(f"{ctx.command_path} has no command {verb!r}.{meant}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands, each with its whole first sentence: click cuts it off where a line would end."""
        commands = ((name, self.get_command(ctx, name)) for name in self.list_commands(ctx))
        with formatter.section("Commands"):
            formatter.write_dl([(name, each.get_short_help_str(_WHOLE)) for name, each in commands if each is not None])

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write an example of each command that is imported already: of those of a table, their own helps tell."""
        super().format_epilog(ctx, formatter)
        examples = [each.examples[0] for _, each in sorted(self.commands.items()) if isinstance(each, Command)]
        if examples:
            _write_examples(examples, formatter)


class LazyGroup(Group):
    """The root: its commands come from a table and are imported one by one, when called.

    Args:
        entries: the table.
        sections: headings of the help, in order.
    """

    def __init__(self, *args: object, entries: Sequence[Entry], sections: Sequence[str], **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type] # as in Command
        self.entries = {entry.name: entry for entry in entries}
        self.sections = tuple(sections)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the verbs in the table's order."""
        del ctx
        return list(self.entries)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return the command, or None when the table has no such verb."""
        del ctx
        entry = self.entries.get(cmd_name)
        return entry.load() if entry else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands in sections, from the table alone."""
        del ctx
        widest = max(map(len, self.entries), default=0)
        for section in self.sections:
            rows = [
                (entry.name.ljust(widest), entry.help) for entry in self.entries.values() if entry.section == section
            ]
            if rows:
                with formatter.section(section):
                    formatter.write_dl(rows)
