"""`python -m bench [NAME…]`: print the figures of every benchmark, or of those named."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

from tidegate.cli.output import printable


def names() -> list[str]:
    return sorted(path.stem for path in Path(__file__).parent.glob("*.py") if not path.stem.startswith("_"))


def run(wanted: list[str]) -> int:
    unknown = [name for name in wanted if name not in names()]
    if unknown:
        print(f"no benchmark is called {printable(unknown[0])}; there are: {', '.join(names())}", file=sys.stderr)
        return 2
    for name in wanted or names():
        print(f"== {name}", flush=True)
        importlib.import_module(f"bench.{name}").main()
        print(flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
