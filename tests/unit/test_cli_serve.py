from __future__ import annotations

import importlib.util
import subprocess
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest

from support.cli import tidegate
from support.configs import SMALL


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "tidegate.yaml").write_text(SMALL)
    return tmp_path


def test_without_the_extra_it_says_what_to_install(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = importlib.util.find_spec

    def find_spec(name: str, package: str | None = None) -> ModuleSpec | None:
        return None if name in {"fastapi", "uvicorn"} else real(name, package)

    monkeypatch.setattr(importlib.util, "find_spec", find_spec)
    ended = tidegate("-C", folder, "serve")
    assert (ended.code, ended.out) == (2, "")
    assert "not installed: fastapi, uvicorn" in ended.err
    assert "pip install 'tidegate[server]'" in ended.err


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("--listen", "8080"), "server/listen"),
        (("--listen", "127.0.0.1:http"), "server/listen"),
        (("--listen", "127.0.0.1:65536"), "server/listen"),
        (("--listen", f"127.0.0.1:{'9' * 5000}"), "server/listen"),
        (("--resync", "soon"), "config/duration"),
        (("--resync", "0s"), "config/duration"),
        (("--deadline", "-1s"), "config/duration"),
        (("--workers", "0"), "tidegate/usage"),
    ],
)
def test_wrong_options(folder: Path, arguments: tuple[str, ...], code: str) -> None:
    ended = tidegate("-C", folder, "serve", *arguments)
    assert ended.code == 2
    assert code in ended.err


def test_other_commands_do_not_import_the_server() -> None:
    program = """
import sys
from tidegate.cli.frame import run
run(["serve", "--help"], {})
run(["--help"], {})
print([name for name in sys.modules if name.split(".")[0] in {"fastapi", "uvicorn", "asyncio", "pydantic"}])
print([name for name in sys.modules if name.startswith("tidegate.server")])
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-2:] == ["[]", "[]"]
