"""The process behind `support.stage`: reads calls as JSON lines, forks for each, answers how they ended."""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

from support.kill_points import Boundary
from tidegate.cli.frame import run

_WARM = (
    "bootstrap",
    "config",
    "forge.gitlab.forge",
    "forge.local",
    "registry",
    *(f"engine.{use}" for use in ("deliver", "promote", "views.status")),
)
"""What a call would import later is imported once; a call is then as fast as its own work."""


def main() -> None:
    """Serve calls until standard input ends."""
    for name in (*_WARM, "cli.deliver", "cli.mr", "cli.promote", "cli.status"):
        import_module(f"tidegate.{name}")
    root = Path(sys.argv[1])
    for number, line in enumerate(sys.stdin):
        folder = root / f"play-{os.getpid()}-{number}"
        folder.mkdir()
        calls = json.loads(line)
        children = [_fork(call, folder / str(index)) for index, call in enumerate(calls)]
        codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
        answers = [_answer(code, folder / str(index)) for index, code in enumerate(codes)]
        shutil.rmtree(folder)
        print(json.dumps(answers), flush=True)  # noqa: T201 - the answer


def _fork(call: dict[str, Any], files: Path) -> int:
    child = os.fork()
    if child == 0:
        code = 70
        try:
            code = _call(call, files)
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
    return child


def _call(call: dict[str, Any], files: Path) -> int:
    os.setsid()
    for descriptor, kind in ((1, "out"), (2, "err")):
        file = os.open(files.with_suffix(f".{kind}"), os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(file, descriptor)
        os.close(file)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.environ.clear()
    os.environ.update(call["environ"])
    kill = call["kill"]
    Boundary(files.with_suffix(".effects"), kill and (kill["kind"], kill["number"], kill["moment"])).watch()
    time.sleep(call["delay"])
    return run(call["arguments"], dict(call["environ"]))


def _answer(code: int, files: Path) -> dict[str, Any]:
    texts = {kind: _text(files.with_suffix(f".{kind}")) for kind in ("out", "err", "effects")}
    return {"code": code, "out": texts["out"], "err": texts["err"], "effects": texts["effects"].splitlines()}


def _text(file: Path) -> str:
    return file.read_text() if file.exists() else ""


if __name__ == "__main__":
    main()
