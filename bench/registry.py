"""Copying between two docker-registry processes on loopback with storage in memory, against skopeo and crane.

Whole processes, interleaved. Each measurement has a target registry of its own, so that no tool finds what another
has left. The machine is never quiet: read the ratios. A ratio is one of the same round; the median is printed, with
the lowest and the highest.

What is attached to an image moves with it, and tidegate looks for it; one copy by skopeo or crane leaves it behind. So
some cases are measured both ways: "alone" brings the image and looks for nothing else; without it, skopeo and crane
bring in a second copy the tag that lists what is attached, as a script of theirs would have to.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import shlex
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from tests.support.docker_registry import DockerRegistry

from tidegate.model.digest import Digest
from tidegate.model.manifest import OCI_INDEX, OCI_MANIFEST, Descriptor, Manifest
from tidegate.ports import Registry
from tidegate.registry.images import RegistryImages
from tidegate.registry.places import AnyAccounts
from tidegate.registry.referrers import list_at
from tidegate.registry.tree import Home
from tidegate.testing.images import CONFIG_TYPE, LAYER_TYPE, build_referrer

ROUNDS = int(os.environ.get("TIDEGATE_BENCH_ROUNDS", "5"))
MEBIBYTE = 1024 * 1024
MEBIBYTES_OF_MEMORY = 80
TAG_SECONDS = 0.13
COUNT = 100
TAG = "1.0.0"
ALONE = "tidegate alone"
TIDEGATE = [str(Path(sys.executable).with_name("tidegate")), "--quiet", "image"]
PLAIN = ["--src-tls-verify=false", "--dest-tls-verify=false"]


@dataclass(frozen=True)
class Cost:
    """What one process and its children took: seconds, CPU seconds, MiB at most; and the registries' CPU seconds."""

    wall: float
    cpu: float
    memory: float
    served: float = 0.0


@dataclass(frozen=True)
class Case:
    """One thing to do, by each tool that can do it.

    Args:
        name: for people; its first letter for `--case`.
        tools: a tool, or a tool and how it is used → the command line, from the hosts of source and target and a folder
            for lists.
        bounds: tool → the highest ratio of tidegate's wall time to its that is wanted.
        again: measure the second time in a row.
    """

    name: str
    tools: Mapping[str, Callable[[str, str, Path], list[str]]]
    bounds: Mapping[str, float]
    again: bool = False

    @property
    def ratios(self) -> list[tuple[str, str]]:
        """What is compared: tidegate as it is typed with everything else, alone with what brings no more than that."""
        others = [tool for tool in self.tools if not tool.startswith("tidegate")]
        alone = [tool for tool in others if f"{tool} alone" not in others] if ALONE in self.tools else []
        return [("tidegate", tool) for tool in others] + [(ALONE, tool) for tool in alone]


def run(command: list[str]) -> Cost:
    began = time.perf_counter()
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    assert process.stderr
    told = process.stderr.read()
    _, status, used = os.wait4(process.pid, 0)
    wall = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    process.stderr.close()
    assert process.returncode == 0, f"{command}: {told.decode()[-1000:]}"
    return Cost(wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def layer(seed: str, size: int) -> Iterator[bytes]:
    """Random bytes that begin as gzip does: skopeo compresses what does not."""
    random_ = random.Random(seed)
    yield b"\x1f\x8b\x08"
    left = size - 3
    while left:
        piece = random_.randbytes(min(MEBIBYTE, left))
        left -= len(piece)
        yield piece


def push_image(registry: Registry, repository: str, seed: str, layers: int, size: int) -> Manifest:
    blobs = []
    for number in range(layers):
        name, hashed = f"{seed}/{number}", hashlib.sha256()
        for piece in layer(name, size):
            hashed.update(piece)
        blob = Descriptor(LAYER_TYPE, Digest("sha256", hashed.hexdigest()), size)
        registry.write_blob(repository, blob, layer(name, size))
        blobs.append(blob)
    rootfs = {"type": "layers", "diff_ids": [str(blob.digest) for blob in blobs]}
    text = json.dumps({"architecture": "amd64", "os": "linux", "config": {}, "rootfs": rootfs, "seed": seed}).encode()
    config = Descriptor(CONFIG_TYPE, Digest.of(text), len(text))
    registry.write_blob(repository, config, iter((text,)))
    document = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": entry(config),
        "layers": list(map(entry, blobs)),
    }
    manifest = Manifest(OCI_MANIFEST, json.dumps(document).encode())
    registry.put_manifest(repository, str(manifest.digest), manifest)
    return manifest


def entry(part: Descriptor) -> dict[str, object]:
    return {"mediaType": part.media_type, "digest": str(part.digest), "size": part.size}


def push_index(registry: Registry, repository: str) -> None:
    entries = []
    for architecture in ("amd64", "arm64", "s390x", "ppc64le"):
        child = push_image(registry, repository, f"c/{architecture}", 3, 5 * MEBIBYTE)
        entries.append({**entry(child.descriptor), "platform": {"os": "linux", "architecture": architecture}})
    document = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries}
    index = Manifest(OCI_INDEX, json.dumps(document).encode())
    registry.put_manifest(repository, TAG, index)
    sbom = build_referrer(index.descriptor, "an SBOM")
    sbom.push(registry, repository, str(sbom.digest))
    list_at(Home(registry, "source", repository), index.digest, [sbom.root])


def fill(registry: Registry, wanted: str) -> None:
    if "a" in wanted:
        registry.put_manifest("a", TAG, push_image(registry, "a", "a", 1, 512 * MEBIBYTE))
    if "b" in wanted:
        registry.put_manifest("b", TAG, push_image(registry, "b", "b", 20, 20 * MEBIBYTE))
    if "c" in wanted:
        push_index(registry, "c")
    for number in range(COUNT if {*"de"} & {*wanted} else 0):
        repository = f"d/app-{number}"
        registry.put_manifest(repository, TAG, push_image(registry, repository, repository, 3, 200 * 1024))
    image = push_image(registry, "f", "f", 1, 1024)
    for number in range(COUNT):
        registry.put_manifest("f", f"{number}", image)


def one(repository: str) -> dict[str, Callable[[str, str, Path], list[str]]]:
    def both(here: str, there: str, scheme: str = "") -> list[str]:
        return [f"{scheme}{here}/{repository}:{TAG}", f"{scheme}{there}/{repository}:{TAG}"]

    return {
        "tidegate": lambda here, there, _: [*TIDEGATE, "copy", *both(here, there)],
        "skopeo": lambda here, there, _: ["skopeo", "copy", "--all", *PLAIN, *both(here, there, "docker://")],
        "crane": lambda here, there, _: ["crane", "copy", "--insecure", *both(here, there)],
    }


def with_what_is_attached(repository: str) -> dict[str, Callable[[str, str, Path], list[str]]]:
    """As `one`; the others bring the tag that lists what is attached in a second copy."""
    tools = one(repository)

    def in_two(alone: Callable[[str, str, Path], list[str]]) -> Callable[[str, str, Path], list[str]]:
        def command(here: str, there: str, folder: Path) -> list[str]:
            first = alone(here, there, folder)
            with urllib.request.urlopen(f"http://{here}/v2/{repository}/tags/list") as answer:
                (listing,) = (tag for tag in json.load(answer)["tags"] if tag.startswith("sha256-"))
            second = [part.replace(f":{TAG}", f":{listing}") for part in first]
            return ["sh", "-c", f"{shlex.join(first)} && {shlex.join(second)}"]

        return command

    found = {"tidegate": tools["tidegate"], ALONE: alone_as(tools["tidegate"])}
    for tool in ("skopeo", "crane"):
        found |= {tool: in_two(tools[tool]), f"{tool} alone": tools[tool]}
    return found


def alone_as(tidegate: Callable[[str, str, Path], list[str]]) -> Callable[[str, str, Path], list[str]]:
    return lambda here, there, folder: [*tidegate(here, there, folder), "--referrers", "never"]


def all_of_d(here: str, there: str) -> list[tuple[str, str]]:
    return [(f"{here}/d/app-{number}:{TAG}", f"{there}/app-{number}:{TAG}") for number in range(COUNT)]


def listed(folder: Path, pairs: list[tuple[str, str]]) -> str:
    file = folder / "list"
    file.write_text("".join(f"{source} {target}\n" for source, target in pairs))
    return str(file)


def tidegate_list(here: str, there: str, folder: Path) -> list[str]:
    return [*TIDEGATE, "copy", "--from", listed(folder, all_of_d(here, there))]


def skopeo_sync(here: str, there: str, folder: Path) -> list[str]:
    images = "".join(f'    d/app-{number}: ["{TAG}"]\n' for number in range(COUNT))
    (folder / "sync.yml").write_text(f'"{here}":\n  tls-verify: false\n  images:\n{images}')
    return ["skopeo", "sync", "--all", *PLAIN, "--src", "yaml", "--dest", "docker", str(folder / "sync.yml"), there]


def xargs(command: list[str], at_once: int, file: str) -> list[str]:
    return ["xargs", "-a", file, "-P", str(at_once), "-L", "1", *command]


def retags(here: str, *, scheme: str = "", target: str = "{here}/f:new-") -> list[tuple[str, str]]:
    new = target.format(here=here)
    return [(f"{scheme}{here}/f:{number}", f"{scheme if '/' in new else ''}{new}{number}") for number in range(COUNT)]


CASES = (
    Case("a  1 × 512 MiB", one("a"), {"crane": 1.0, "skopeo": 0.8}),
    Case("b  20 × 20 MiB", one("b"), {"crane": 1.0, "skopeo": 0.8}),
    Case(
        "c  4 platforms × 3 × 5 MiB, referrer",
        with_what_is_attached("c"),
        {"crane": 1.0, "crane alone": 1.0, "skopeo": 0.8, "skopeo alone": 0.8},
    ),
    Case(
        "d  100 images of 3 × 200 KiB",
        {
            "tidegate": tidegate_list,
            ALONE: alone_as(tidegate_list),
            "skopeo": skopeo_sync,
            "crane": lambda here, there, folder: xargs(
                ["crane", "copy", "--insecure"], 4, listed(folder, all_of_d(here, there))
            ),
        },
        {"crane": 0.55, "skopeo": 0.28},
    ),
    Case(
        "e  all of d again",
        {
            "tidegate": tidegate_list,
            "skopeo": skopeo_sync,
            "crane": lambda here, there, folder: xargs(
                ["crane", "copy", "--insecure"], 1, listed(folder, all_of_d(here, there))
            ),
        },
        {"crane": 0.15},
        again=True,
    ),
    Case(
        "f  retag of 100 tags",
        {
            "tidegate": lambda here, _, folder: [
                *TIDEGATE,
                "copy",
                "--replace",
                "--from",
                listed(folder, retags(here, target=f"{{here}}/f:{folder.name}-")),
            ],
            "skopeo": lambda here, _, folder: xargs(
                # docker-registry answers 500 when the same manifest is just being written; the others try again
                ["sh", "-c", f'for _ in 1 2 3; do skopeo copy --all {" ".join(PLAIN)} "$0" "$1" && exit; done; exit 1'],
                4,
                listed(folder, retags(here, scheme="docker://", target=f"{{here}}/f:{folder.name}-")),
            ),
            "crane": lambda here, _, folder: xargs(
                ["crane", "tag", "--insecure"], 4, listed(folder, retags(here, target=f"{folder.name}-"))
            ),
        },
        {"crane": 0.3},
    ),
)


@contextmanager
def in_memory() -> Iterator[Path]:
    """A folder in memory where there is one."""
    shm = Path("/dev/shm")  # noqa: S108 - the name of memory as a file system
    with tempfile.TemporaryDirectory(prefix="tidegate-bench-", dir=shm if shm.is_dir() else None) as folder:
        yield Path(folder)


def measure(case: Case, source: DockerRegistry, tool: str) -> Cost:
    with in_memory() as folder, DockerRegistry(folder / "registry") as target:
        command = case.tools[tool](source.host, target.host, folder)
        if case.again:
            run(command)
        before = source.cpu_seconds + target.cpu_seconds
        cost = run(command)
        return replace(cost, served=source.cpu_seconds + target.cpu_seconds - before)


def report(case: Case, costs: Mapping[str, list[Cost]]) -> None:
    print(f"  {case.name}")
    for tool, found in costs.items():
        wall = statistics.median(cost.wall for cost in found)
        cpu = statistics.median(cost.cpu for cost in found)
        served = statistics.median(cost.served for cost in found)
        memory = max(cost.memory for cost in found)
        print(f"    {tool:14} {wall:7.2f} s {cpu:7.2f} s CPU {served:7.2f} s CPU of the registries {memory:6.0f} MiB")
    for ours, theirs in case.ratios:
        if theirs not in costs:
            continue
        pairs = list(zip(costs[ours], costs[theirs], strict=True))
        walls = sorted(mine.wall / other.wall for mine, other in pairs)
        cpus = [mine.cpu / other.cpu for mine, other in pairs]
        all_cpus = [(mine.cpu + mine.served) / (other.cpu + other.served) for mine, other in pairs]
        bound = f", at most {case.bounds[theirs]}" if theirs in case.bounds else ""
        print(
            f"    {ours}/{theirs}: wall {statistics.median(walls):.2f} ({walls[0]:.2f}–{walls[-1]:.2f}){bound}; "
            f"CPU {statistics.median(cpus):.2f}, with the registries' {statistics.median(all_cpus):.2f}"
        )
    memory = max(cost.memory for cost in costs["tidegate"])
    print(f"    peak memory {memory:.0f} MiB, at most {MEBIBYTES_OF_MEMORY}")


def one_tag(source: str) -> None:
    names = iter(range(1000))
    costs = [run([*TIDEGATE, "tag", f"{source}/f:0", f"one-{next(names)}"]) for _ in range(3 * ROUNDS)]
    walls = sorted(cost.wall for cost in costs)
    cpu = statistics.median(cost.cpu for cost in costs)
    print(
        f"  image tag, one command  {statistics.median(walls):.3f} s (fastest {walls[0]:.3f}), {cpu:.3f} s CPU; "
        f"at most {TAG_SECONDS}"
    )


def main(wanted: str = "abcdef") -> None:
    there = [tool for tool in ("tidegate", "skopeo", "crane") if tool == "tidegate" or shutil.which(tool)]
    print(f"median of {ROUNDS} rounds, tools interleaved: {', '.join(there)}")
    with in_memory() as folder, DockerRegistry(folder / "source") as source:
        with RegistryImages(AnyAccounts({}), environment={}, home=folder) as images:
            fill(images.registry(source.host), wanted)
        if "f" in wanted:
            one_tag(source.host)
        for case in CASES:
            if case.name[0] not in wanted:
                continue
            costs: dict[str, list[Cost]] = {tool: [] for tool in case.tools if tool.split()[0] in there}
            for _ in range(ROUNDS):
                for tool, found in costs.items():
                    found.append(measure(case, source, tool))
            report(case, costs)


if __name__ == "__main__":
    main()
