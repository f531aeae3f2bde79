"""How long the program takes from start to end when it has nothing to do: whole processes, byte-compiled."""

from __future__ import annotations

import compileall
import statistics
import subprocess
import sys
import time
from pathlib import Path

import tidegate

ROUNDS = 21
MILLISECONDS = 80

PROGRAM = str(Path(sys.executable).with_name("tidegate"))
CALLS = {
    "python -c pass": [sys.executable, "-c", "pass"],
    "tidegate --version": [PROGRAM, "--version"],
    "tidegate --help": [PROGRAM, "--help"],
}


def milliseconds(call: list[str]) -> float:
    start = time.perf_counter()
    subprocess.run(call, check=True, stdout=subprocess.DEVNULL)
    return (time.perf_counter() - start) * 1000


def main() -> None:
    compileall.compile_dir(str(Path(tidegate.__file__).parent), quiet=2)
    print(f"whole process, median and fastest of {ROUNDS}")
    for name, call in CALLS.items():
        times = [milliseconds(call) for _ in range(ROUNDS)]
        bound = f"at most {MILLISECONDS}" if name.startswith("tidegate") else ""
        print(f"  {name:20} {statistics.median(times):6.0f} ms {min(times):6.0f} ms  {bound}".rstrip())


if __name__ == "__main__":
    main()
