from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest

import tidegate as package
from support.cli import tidegate
from support.configs import SMALL
from support.golden import assert_golden
from tidegate.cli import frame
from tidegate.cli.commands import COMMANDS, SECTIONS
from tidegate.cli.lazy import Command, Entry, Group
from tidegate.errors import Place, TidegateError
from tidegate.errors.registry import RegistryUnauthorized, TagExists

PROGRAM = str(Path(sys.executable).with_name("tidegate"))


def leaves(command: click.Command) -> Iterator[click.Command]:
    if isinstance(command, click.Group):
        for inner in command.commands.values():
            yield from leaves(inner)
    else:
        yield command


@pytest.fixture
def boom(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], None]], None]:
    """Make `tidegate boom` do something."""

    def install(action: Callable[[], None]) -> None:
        @click.command("boom", cls=Command, examples=["tidegate boom"])
        @click.option("-o", "--output", expose_value=False)
        def command() -> None:
            action()

        monkeypatch.setitem(frame.root.entries, "boom", Entry("boom", f"{__name__}:boomer", "Tools", "Boom."))
        monkeypatch.setattr(sys.modules[__name__], "boomer", command, raising=False)

    return install


def raising(error: BaseException) -> Callable[[], None]:
    def action() -> None:
        raise error

    return action


# the table and the help


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (("plan", "inventory", "--in", "e2e"), "did you mean --to?"),
        (("deliver", "inventory", "--in", "e2e"), "did you mean --to?"),
        (("policy", "show", "inventory", "--to", "dev"), "did you mean --in?"),
    ],
)
def test_the_other_word_for_an_environment_is_understood(arguments: tuple[str, ...], hint: str) -> None:
    ended = tidegate(*arguments)
    assert (ended.code, ended.err.splitlines()[-1]) == (2, f"  hint:  {hint}")


@pytest.mark.parametrize("verb", ["why", "wait"])
def test_what_only_looks_takes_either_word(verb: str) -> None:
    (entry,) = (each for each in COMMANDS if each.name == verb)
    (option,) = (each for each in entry.load().params if each.name == "target")
    assert set(option.opts) == {"--in", "--to"}


@pytest.mark.parametrize("entry", COMMANDS, ids=lambda entry: entry.name)
def test_the_table_says_what_the_command_says(entry: Entry) -> None:
    command = entry.load()
    assert command.name == entry.name
    assert command.get_short_help_str(limit=200) == entry.help
    assert entry.section in SECTIONS
    assert isinstance(command, Command | Group)


@pytest.mark.parametrize("entry", COMMANDS, ids=lambda entry: entry.name)
def test_the_help_of_a_group_has_whole_sentences(entry: Entry) -> None:
    if isinstance(entry.load(), Group):
        _, _, rest = tidegate(entry.name, "--help").out.rpartition("\nCommands:\n")
        commands, _, _ = rest.partition("\nExamples:\n")
        assert commands
        assert "..." not in commands


def test_the_help_of_a_group_has_an_example_of_each_command() -> None:
    _, _, examples = tidegate("config", "--help").out.partition("\nExamples:\n")
    assert examples.splitlines() == [
        "  tidegate config check",
        "  tidegate config schema > tidegate.schema.json",
        "  tidegate config view",
    ]


@pytest.mark.parametrize("entry", COMMANDS, ids=lambda entry: entry.name)
def test_every_command_has_examples_that_can_be_parsed(entry: Entry) -> None:
    for command in leaves(entry.load()):
        assert isinstance(command, Command)
        assert command.examples
        for example in command.examples:
            assert example.startswith("tidegate "), example
            assert f" {entry.name}" in example, example
            assert (command.name or "") in example, example


def test_every_command_of_the_package_stands_in_the_table() -> None:
    root = Path(package.__file__).parent.parent
    decorated = ("\n@click.command(", "\n@click.group(")
    modules = (
        file for file in root.glob("tidegate/cli/**/*.py") if any(mark in file.read_text() for mark in decorated)
    )
    written = {".".join(file.relative_to(root).with_suffix("").parts) for file in modules}
    table = {entry.target.partition(":")[0] for entry in COMMANDS}
    # A package with a module `command` has its subcommands in the modules beside it.
    packages = tuple(name.removesuffix("command") for name in table if name.endswith(".command"))
    assert {name for name in written if not name.startswith(packages)} <= table | {"tidegate.cli.frame"}
    assert table <= written


def test_help_and_version_import_no_command_and_nothing_heavy() -> None:
    code = "import sys; from tidegate.cli.frame import run; run(['--help'], {}); print(*sys.modules, sep='\\n')"
    ended = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    loaded = set(ended.stdout.split())
    assert "tidegate.cli.frame" in loaded
    assert not loaded & {"pydantic", "yaml", "rich", "json", "logging", "pathlib", "tidegate.config", "tidegate.model"}
    assert not loaded & {"tidegate.cli.failures", "tidegate.cli.report", "tidegate.errors.place"}
    assert not loaded & {entry.target.partition(":")[0] for entry in COMMANDS}


def test_help_has_sections_in_order() -> None:
    shown = tidegate("--help").out
    sections = [line.rstrip(":") for line in shown.splitlines() if line.rstrip(":") in SECTIONS]
    assert sections == [section for section in SECTIONS if any(entry.section == section for entry in COMMANDS)]
    for entry in COMMANDS:
        assert f"  {entry.name}" in shown


@pytest.mark.parametrize("call", [[PROGRAM], [sys.executable, "-m", "tidegate"]], ids=["script", "module"])
def test_both_entry_points(call: list[str]) -> None:
    ended = subprocess.run([*call, "--version"], check=True, capture_output=True, text=True)
    assert ended.stdout == f"tidegate {package.__version__}\n"


@pytest.mark.parametrize(("arguments", "code"), [(["image", "--help"], 0), (["image", "digest", "UPPER"], 2)])
def test_the_process_ends_without_taking_itself_apart(arguments: list[str], code: int) -> None:
    program = f"import atexit, sys; atexit.register(print, 'taken apart'); sys.argv[1:] = {arguments}; "
    program += "from tidegate.cli import main; main()"
    ended = subprocess.run([sys.executable, "-c", program], check=False, capture_output=True, text=True)
    said = tidegate(*arguments)
    assert (ended.returncode, ended.stdout, ended.stderr) == (code, said.out, said.err)


def test_the_version_among_other_options() -> None:
    assert tidegate("-q", "--version").out == f"tidegate {package.__version__}\n"


@pytest.mark.parametrize(("columns", "widest"), [("60", 58), ("300", 108), ("1", 50), ("wide", 78)])
def test_help_is_as_wide_as_it_is_asked_for(columns: str, widest: int) -> None:
    widths = [len(line) for line in tidegate("--help", environ={"COLUMNS": columns}).out.splitlines()]
    assert widest - 12 < max(widths) <= widest


def test_no_verb_shows_the_help_on_stderr() -> None:
    ended = tidegate()
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == tidegate("--help").out
    assert tidegate("config").err == tidegate("config", "--help").out


def test_the_help_of_a_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert_golden("cli/config-view-help.txt", tidegate("config", "view", "--help").out)


# failures


@pytest.mark.parametrize(
    ("name", "error"),
    [
        (
            "tag-exists",
            TagExists(
                "the tag 1.1.3 exists with another digest",
                where=Place("clusters/e2e/inventory/helmrelease.yaml", 14, 12),
                hint="make a new candidate: tidegate promote inventory --to e2e",
            ),
        ),
        ("bare", TidegateError("it failed")),
        ("lines-and-escapes", TidegateError("one\ntwo \x1b[31mred", where="a\rb", hint="first\nsecond")),
        ("bug", ZeroDivisionError("division by zero")),
        ("system", PermissionError(13, "Permission denied", "/var/cache/tidegate")),
    ],
)
def test_how_an_error_looks(boom: Callable[[Callable[[], None]], None], name: str, error: Exception) -> None:
    boom(raising(error))
    text, json = tidegate("boom"), tidegate("boom", "-o", "json")
    assert (text.out, json.out) == ("", "")
    assert text.code == json.code == 1
    assert_golden(f"failures/{name}.txt", text.err)
    assert_golden(f"failures/{name}.json", json.err)


def test_how_a_wrong_configuration_looks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    text = SMALL.replace("registry: prd", "registry: prod").replace("inventory: {image", "inventory: {imagee")
    (tmp_path / "tidegate.yaml").write_text(text)
    shown = tidegate("config", "check")
    assert (shown.code, shown.out) == (2, "")
    assert_golden("failures/config.txt", shown.err)
    assert_golden("failures/config.json", tidegate("config", "view", "--output=json").err)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("verb", ["confg"]),
        ("verb-below", ["config", "veiw"]),
        ("option", ["config", "view", "--outputt"]),
        ("global-option-after-the-verb", ["config", "view", "--quiet"]),
        ("value", ["config", "view", "-o", "xml"]),
        ("folder", ["-C", "nowhere", "config", "view"]),
    ],
)
def test_how_a_wrong_command_line_looks(name: str, arguments: list[str]) -> None:
    ended = tidegate(*arguments)
    assert (ended.code, ended.out) == (2, "")
    assert_golden(f"failures/usage-{name}.txt", ended.err)


def test_the_exit_code_is_the_errors_own(boom: Callable[[Callable[[], None]], None]) -> None:
    boom(raising(RegistryUnauthorized("no credentials")))
    assert tidegate("boom").code == 4


def test_a_command_may_end_with_its_own_code(boom: Callable[[Callable[[], None]], None]) -> None:
    boom(lambda: click.get_current_context().exit(10))
    ended = tidegate("boom")
    assert (ended.code, ended.err) == (10, "")


@pytest.mark.parametrize("error", [KeyboardInterrupt(), click.Abort()], ids=["ctrl-c", "prompt left"])
def test_an_interruption_is_one_line(boom: Callable[[Callable[[], None]], None], error: BaseException) -> None:
    boom(raising(error))
    assert tidegate("boom") == type(tidegate("boom"))(130, "", "interrupted\n")


def test_errors_are_coloured_when_asked(boom: Callable[[Callable[[], None]], None]) -> None:
    boom(raising(TidegateError("it failed")))
    assert tidegate("boom", environ={"FORCE_COLOR": "1"}).err.startswith("\x1b[31m\x1b[1merror:\x1b[0m it failed\n")
    assert "\x1b" not in tidegate("boom", environ={"FORCE_COLOR": "1", "NO_COLOR": "1"}).err


def test_a_pipe_that_breaks_elsewhere_is_told() -> None:
    code = "import sys; from tidegate.cli import frame; "
    code += "frame._call = lambda *_: (_ for _ in ()).throw(BrokenPipeError(32, 'Broken pipe')); "
    code += "sys.exit(frame.run([], {}))"
    ended = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert (ended.returncode, ended.stderr.splitlines()[0]) == (1, "error: the system refused: Broken pipe")


def test_a_reader_that_leaves_is_no_error() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    try:
        for arguments in (["--help"], ["config", "schema"]):
            ended = subprocess.run([PROGRAM, *arguments], check=False, stdout=writer, stderr=subprocess.PIPE, text=True)
            assert (ended.returncode, ended.stderr) == (1, "")
    finally:
        os.close(writer)


@pytest.mark.parametrize("closed", [">&-", "2>&-"])
@pytest.mark.parametrize("arguments", ["--version", "image --help"])
def test_streams_that_were_closed_from_the_start_are_nobodys(arguments: str, closed: str) -> None:
    command = ["sh", "-c", f'"$0" {arguments} {closed}', PROGRAM]
    ended = subprocess.run(command, check=False, capture_output=True, text=True)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert bool(ended.stdout) == (closed != ">&-")


def test_a_full_disk_is_told() -> None:
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run([PROGRAM, "--help"], check=False, stdout=full, stderr=subprocess.PIPE, text=True)
    assert (ended.returncode, ended.stderr.splitlines()[0]) == (1, "error: the system refused: No space left on device")


def test_a_terminal_without_the_letters_gets_escapes(tmp_path: Path) -> None:
    (tmp_path / "tidegate.yaml").write_text(SMALL.replace("./forge", "./→"), encoding="utf-8")
    ended = subprocess.run(
        [PROGRAM, "-C", str(tmp_path), "config", "view"],
        check=True,
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
    )
    assert rb"./\u2192" in ended.stdout


# --debug

SECRETS = {"TIDEGATE_REGISTRY_PRD_PASSWORD": "hunter22", "GITLAB_TOKEN": "glpat-12345", "HOME": "/home/alice"}


def test_debug_shows_log_and_traceback_without_secrets(boom: Callable[[Callable[[], None]], None]) -> None:
    def action() -> None:
        log = logging.getLogger("tidegate.http")
        log.debug("GET %s", "https://alice:hunter22@registry.example/v2/?token=abc&n=1")
        log.debug("Authorization: Basic YWxpY2U6aHVudGVyMjI=")
        log.debug("header %s", {"Authorization": "Bearer eyJhbGciOi", "PRIVATE-TOKEN": "other-token"})
        raise ValueError("the password is hunter22, not glpat-12345, in /home/alice")

    boom(action)
    ended = tidegate("--debug", "boom", environ=SECRETS)

    assert "GET https://[hidden]@registry.example/v2/?token=[hidden]&n=1" in ended.err
    assert "Authorization: Basic [hidden]" in ended.err
    assert "'Authorization': 'Bearer [hidden]', 'PRIVATE-TOKEN': '[hidden]'" in ended.err
    assert "Traceback (most recent call last):" in ended.err
    assert "the password is [hidden], not [hidden], in /home/alice" in ended.err
    for secret in ("hunter22", "glpat-12345", "YWxpY2U6", "eyJhbGciOi", "other-token", "token=abc"):
        assert secret not in ended.err


def test_without_debug_there_is_no_log_no_traceback_and_no_secret_either(
    boom: Callable[[Callable[[], None]], None],
) -> None:
    def action() -> None:
        logging.getLogger("tidegate.http").debug("GET /")
        raise ValueError("hunter22")

    boom(action)
    before = list(logging.getLogger("tidegate").handlers)
    ended = tidegate("boom", environ=SECRETS)
    assert "Traceback" not in ended.err
    assert "GET" not in ended.err
    assert "hunter22" not in ended.err
    assert "Traceback" in tidegate("boom", environ={"TIDEGATE_DEBUG": "1"}).err
    assert logging.getLogger("tidegate").handlers == before
