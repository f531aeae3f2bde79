"""How fast a tag is selected among 100,000, and in how much memory."""

from __future__ import annotations

import random
import resource
import statistics
import time
from collections.abc import Mapping, Sequence

from tidegate.flux import select_tag

COUNT = 100_000
ROUNDS = 5
SEMVER_SECONDS = 0.6
FILTER_SECONDS = 1.5
MEGABYTES = 150

SEMVER = {"policy": {"semver": {"range": ">=1.0.0-0 <2.0.0"}}}
FILTER = {
    "policy": {"semver": {"range": ">=1.0.0-0"}},
    "filterTags": {"pattern": r"^(?P<version>\d+\.\d+\.\d+)-rc(?P<n>\d+)$", "extract": "$version-rc.$n"},
}


def tags(count: int, seed: int = 1) -> list[str]:
    random_ = random.Random(seed)
    numbers = (f"{random_.randrange(3)}.{random_.randrange(60)}.{random_.randrange(5000)}" for _ in range(count))
    return [number if random_.random() < 0.5 else f"{number}-rc{random_.randrange(1, 20)}" for number in numbers]


def seconds(spec: Mapping[str, object], among: Sequence[str]) -> float:
    def once() -> float:
        start = time.perf_counter()
        assert select_tag(spec, among).tag is not None
        return time.perf_counter() - start

    return statistics.median(once() for _ in range(ROUNDS))


def main() -> None:
    among = tags(COUNT)
    print(f"select_tag among {COUNT:,} tags, median of {ROUNDS}")
    print(f"  semver                {seconds(SEMVER, among):6.3f} s   at most {SEMVER_SECONDS}")
    print(f"  filterTags + extract  {seconds(FILTER, among):6.3f} s   at most {FILTER_SECONDS}")
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"  peak memory           {memory:6.0f} MB  at most {MEGABYTES}")


if __name__ == "__main__":
    main()
