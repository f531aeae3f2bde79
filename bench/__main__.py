"""`python -m bench [NAME…] [--case LETTERS]`: print the figures of every benchmark, or of those named.

`--case` chooses among the cases of one that has several, e.g. `python -m bench registry --case de`.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from pathlib import Path

from tidegate.cli.printable import printable


def names() -> list[str]:
    return sorted(path.stem for path in Path(__file__).parent.glob("*.py") if not path.stem.startswith("_"))


def run(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench")
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--case", metavar="LETTERS")
    given = parser.parse_args(arguments)
    unknown = [name for name in given.names if name not in names()]
    if unknown:
        print(f"no benchmark is called {printable(unknown[0])}; there are: {', '.join(names())}", file=sys.stderr)
        return 2
    if given.case and given.names != ["registry"]:
        print("--case chooses among the cases of registry", file=sys.stderr)
        return 2
    for name in given.names or names():
        print(f"== {name}", flush=True)
        importlib.import_module(f"bench.{name}").main(*([given.case] if given.case else []))
        print(flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
