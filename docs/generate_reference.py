"""Writes docs/reference/ from the program itself; `make docs` runs it, and a test fails when a page lags."""

from __future__ import annotations

import importlib
import pkgutil
import sys
from collections.abc import Iterator
from pathlib import Path

import click

import tidegate.errors
from tidegate.cli.frame import root
from tidegate.engine.check import AREAS
from tidegate.errors import TidegateError
from tidegate.server.board_store import BoardStore
from tidegate.server.call_metrics import CallMetrics
from tidegate.server.metrics import Metrics
from tidegate.server.thread_queue import ThreadQueue

REFERENCE = Path(__file__).parent / "reference"
WIDTHS = {"terminal_width": 100, "max_content_width": 100}


def commands_page() -> str:
    """Return every command's help, as a person sees it."""
    parts = ["# Commands", "", "What `--help` says, of every command. Made by `make docs`.", ""]
    for context in _contexts(click.Context(root, info_name="tidegate", **{**root.context_settings, **WIDTHS})):
        parts += [f"## {context.command_path}", "", "```", context.command.get_help(context).rstrip(), "```", ""]
    return "\n".join(parts)


def _contexts(context: click.Context) -> Iterator[click.Context]:
    yield context
    command = context.command
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            child = command.get_command(context, name)
            if child is not None:
                yield from _contexts(click.Context(child, info_name=name, parent=context, **WIDTHS))


def errors_page() -> str:
    """Return every error code with its exit code and meaning."""
    rows = [
        f"| `{leaf.code}` | {leaf.exit_code} | {'yes' if leaf.retryable else ''} | {_first_paragraph(leaf)} |"
        for leaf in sorted(leaves(), key=lambda leaf: leaf.code)
    ]
    return "\n".join(
        (
            "# Errors",
            "",
            "Every failure has a stable code. `-o json` prints it as `error.code` on stderr. Made by `make docs`.",
            "",
            "Exit codes: 0 done or nothing to do; 1 failure; 2 usage or configuration; 4 authentication; 8 still",
            "pending; 10 changes (`plan --exit-code`); 11 blocked by a gate; 12 drift; 130 Ctrl-C; 143 SIGTERM.",
            "",
            "| code | exit | a retry may help | meaning |",
            "|---|---|---|---|",
            *rows,
            "",
        )
    )


def leaves() -> list[type[TidegateError]]:
    """Return the error classes that are raised: those of the modules below `tidegate.errors`."""
    modules = [
        importlib.import_module(f"tidegate.errors.{module.name}")
        for module in pkgutil.iter_modules(tidegate.errors.__path__)
    ]
    return [
        each
        for module in modules
        for each in vars(module).values()
        if isinstance(each, type) and issubclass(each, TidegateError) and each.__module__ == module.__name__
    ]


def _first_paragraph(leaf: type[TidegateError]) -> str:
    text = (leaf.__doc__ or "").partition("\n\n")[0]
    return " ".join(text.split()).replace("|", "\\|")


def policy_rules_page() -> str:
    """Return every rule of `tidegate check`: what it finds, why it bites, what to write instead."""
    parts = [
        "# Policy rules",
        "",
        "What `tidegate check` looks for; `tidegate policy check` leaves out what is about pipelines.",
        "Made by `make docs`.",
        "",
        "A rule is switched off with a reason: in tidegate.yaml, or for one line by a comment on it or above it.",
        "",
        "```yaml",
        "policy: {ignore: {lanes-overlap: two regions that run the same}}",
        "```",
        "",
        "```yaml",
        "      range: 1.4.x # tidegate:ignore selects-nothing the first build comes next week",
        "```",
        "",
        "Some rules are errors or warnings by what they find; errors make the exit code 1.",
        "",
    ]
    for area in AREAS:
        for rule in area.rules:
            parts += [f"## {rule.id}", "", f"{_sentence(rule.title)} {_sentence(rule.why)}", ""]
            parts += [f"Write instead: {rule.instead}.", ""]
    return "\n".join(parts)


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."


def metrics_page() -> str:
    """Return every figure that `/metrics` shows."""
    registry = CallMetrics().registry
    Metrics(ThreadQueue(), BoardStore(), registry)
    rows = []
    for collector in registry._collector_to_names:  # noqa: SLF001 - no public way leads to the names of labels
        for family in collector.collect():
            labels = getattr(collector, "_labelnames", None) or getattr(family, "_labelnames", ())
            name = f"`{family.name}{'_total' if family.type == 'counter' else ''}`"
            words = ", ".join(f"`{label}`" for label in labels)
            rows.append(f"| {name} | {family.type} | {words} | {family.documentation} |")
    return "\n".join(
        (
            "# Metrics",
            "",
            "What `tidegate serve` shows at `/metrics`, for Prometheus. Made by `make docs`; what labels say, and what",
            "is worth an alert, stands in [serve](../how-to/serve.md#figures).",
            "",
            "| name | kind | labels | what it is |",
            "|---|---|---|---|",
            *sorted(rows),
            "",
        )
    )


PAGES = {
    "commands.md": commands_page,
    "errors.md": errors_page,
    "metrics.md": metrics_page,
    "policy-rules.md": policy_rules_page,
}


def main() -> int:
    """Write the pages; return the exit code."""
    REFERENCE.mkdir(exist_ok=True)
    for name, page in PAGES.items():
        (REFERENCE / name).write_text(page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
