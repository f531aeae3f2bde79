from __future__ import annotations

import io
import json
from pathlib import Path

import click
import pytest
import yaml

from tidegate.cli.invocation import Invocation
from tidegate.cli.manner import wants_colour
from tidegate.cli.options import as_option
from tidegate.cli.output import Format, Output
from tidegate.cli.printable import printable
from tidegate.cli.report import Cell, Report, Style, Table
from tidegate.errors.cli import PersonUnknown

TABLE = Table(
    columns=("SERVICE", "VERSION", ""),
    rows=(
        (Cell("inventory", Style.GOOD), "1.1.3", "x"),
        ("a\x1b[2J\nb", "[red]1[/]", ""),
    ),
    empty="no services",
)
REPORT = Report(TABLE, {"services": [{"name": "→", "tags": ("a", "b")}]}, ("inventory", "a\nb"))


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def shown(form: Format, report: Report = REPORT, *, colour: bool = False, quiet: bool = False) -> tuple[str, str]:
    data, talk = io.StringIO(), io.StringIO()
    Output(data, talk, colour=colour, quiet=quiet).show(form, report)
    return data.getvalue(), talk.getvalue()


def test_a_table_is_aligned_plain_text_that_can_not_drive_the_terminal() -> None:
    assert shown(Format.TABLE)[0].splitlines() == [
        "SERVICE      VERSION",
        "inventory    1.1.3      x",
        r"a\x1b[2J\nb  [red]1[/]",
    ]


def test_a_coloured_table_says_the_same() -> None:
    coloured = shown(Format.TABLE, colour=True)[0]
    assert "\x1b[32minventory" in coloured
    assert "\x1b[2J" not in coloured
    assert [click.unstyle(line).split() for line in coloured.splitlines()] == [
        line.split() for line in shown(Format.TABLE)[0].splitlines()
    ]


def test_nothing_is_cut_off_on_a_narrow_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """A host that ends with … can't be copied from the screen."""
    monkeypatch.setenv("COLUMNS", "40")
    host, terminal = "111111111111.dkr.ecr.eu-west-2.amazonaws.com", Terminal()
    Output(terminal, io.StringIO(), colour=True).show(
        Format.TABLE, Report(Table(("HOST", "AT"), ((host, "x"),), ""), {})
    )
    lines = [click.unstyle(line) for line in terminal.getvalue().splitlines()]
    assert max(map(len, lines)) <= 40
    assert "".join(line.split()[0] for line in lines[1:]) == host


def test_an_empty_table_says_so_on_stderr_only() -> None:
    empty = Report(Table(("A",), (), "no services"), {})
    assert shown(Format.TABLE, empty) == ("", "no services\n")
    assert shown(Format.TABLE, empty, quiet=True) == ("", "")


def test_programs_get_a_version_of_the_form() -> None:
    expected = {"schemaVersion": 1, "services": [{"name": "→", "tags": ["a", "b"]}]}
    assert json.loads(shown(Format.JSON)[0]) == expected
    assert yaml.safe_load(shown(Format.YAML)[0]) == expected
    assert next(iter(json.loads(shown(Format.JSON)[0]))) == "schemaVersion"


def test_names_stand_one_a_line() -> None:
    assert shown(Format.NAME)[0] == "inventory\na\\nb\n"


@pytest.mark.parametrize(
    ("stream", "environ", "expected"),
    [
        (io.StringIO(), {}, False),
        (Terminal(), {}, True),
        (Terminal(), {"TERM": "dumb"}, False),
        (Terminal(), {"NO_COLOR": "1"}, False),
        (Terminal(), {"NO_COLOR": ""}, True),
        (io.StringIO(), {"FORCE_COLOR": "1"}, True),
        (io.StringIO(), {"FORCE_COLOR": "0"}, False),
        (io.StringIO(), {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
    ],
)
def test_when_there_is_colour(stream: io.StringIO, environ: dict[str, str], expected: bool) -> None:  # noqa: FBT001 # a row of the table
    assert wants_colour(stream, environ) is expected


def test_printable_leaves_ordinary_text_alone() -> None:
    assert printable("dev → é 日本") == "dev → é 日本"
    assert printable("a\u202eb\x00\u2028") == "a\\u202eb\\x00\\u2028"


def invocation(**environ: str) -> Invocation:
    return Invocation(Path(), None, environ, Output(io.StringIO(), io.StringIO()))


def test_who_acts() -> None:
    everyone = {"TIDEGATE_USER": "bob", "GITLAB_USER_LOGIN": "carol"}
    assert invocation(**everyone).user("alice") == "alice"
    assert invocation(**everyone).user(None) == "bob"
    assert invocation(GITLAB_USER_LOGIN="carol").user(None) == "carol"


def test_the_system_says_who_acts_when_nobody_else_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("getpass.getuser", lambda: "dave")
    assert invocation().user(None) == "dave"

    def nobody() -> str:
        raise KeyError("uid not found")

    monkeypatch.setattr("getpass.getuser", nobody)
    with pytest.raises(PersonUnknown, match="nothing says who"):
        invocation().user(None)


@pytest.mark.parametrize("name", ["a b", "a\n", "x <y>", "group:x", "\x1b"])
def test_what_is_no_user_name(name: str) -> None:
    with pytest.raises(PersonUnknown, match="not a user name"):
        invocation(TIDEGATE_USER=name).user(None)


@pytest.mark.parametrize("name", ["", " "])
def test_an_empty_name_is_refused_and_nobody_acts_in_its_place(name: str) -> None:
    """`--as "$REVIEWER"` with an unset variable must not approve as whoever runs the pipeline."""
    with pytest.raises(PersonUnknown, match="not a user name") as caught:
        invocation(TIDEGATE_USER="bob").user(name)
    assert caught.value.exit_code == 2


def test_the_option_gives_the_command_the_person() -> None:
    seen: list[str] = []

    @click.command()
    @as_option
    def command(user: str) -> None:
        seen.append(user)

    for arguments in (["--as", "alice"], []):
        command.main(arguments, standalone_mode=False, obj=invocation(TIDEGATE_USER="bob"))
    assert seen == ["alice", "bob"]
