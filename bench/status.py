"""`status` of one service in four environments, on local repositories and image layouts: whole processes."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

RUNS = 7


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        environ = {**os.environ, "TIDEGATE_CACHE": f"{folder}/cache"}
        world = Path(folder) / "demo"
        subprocess.run(
            [sys.executable, "-m", "tidegate", "demo", str(world)], env=environ, check=True, capture_output=True
        )
        command = [sys.executable, "-m", "tidegate", "-C", str(world), "status", "inventory", "-o", "name"]
        times = []
        for _ in range(RUNS + 1):
            begin = time.perf_counter()
            subprocess.run(command, env=environ, check=True, capture_output=True)
            times.append(time.perf_counter() - begin)
        median = statistics.median(times[1:])
        print(f"status, 1 service × 4 environments  {median:.3f} s, the first {times[0]:.3f} s; at most 0.6")
