"""Rule: rc10 sorts below rc9."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from tidegate.engine.findings import RuleText, Severity
from tidegate.engine.policy_check.rule import Hit, Rule
from tidegate.engine.policy_check.scene import Judged, Scene
from tidegate.engine.range_probe import probes
from tidegate.flux import select_tag
from tidegate.model import Environment, TagPattern, Version

_GLUED: Final = re.compile(r"(?<=[A-Za-z-])(?=\{n\})")
_BEFORE, _AFTER = 9, 10


def _find(scene: Scene) -> Iterator[Hit]:
    for judged in scene.policies:
        if judged.range is None or judged.image is None:
            continue
        for environment in scene.pipeline.environments:
            if environment.tag.numbered and environment.registry.host == judged.image.host:
                version = _bitten(judged, environment.tag)
                if version is not None:
                    yield _hit(judged, environment, version)


def _bitten(judged: Judged, pattern: TagPattern) -> Version | None:
    """Return a version whose ninth candidate the policy prefers to its tenth."""
    assert judged.range is not None  # noqa: S101 - looked at before
    read = (pattern.read(tag) for tag in judged.tags or ())
    versions = {candidate.version for candidate in read if candidate} | set(probes(judged.range))
    for version in sorted(versions, reverse=True):
        ninth, tenth = pattern.write(version, _BEFORE), pattern.write(version, _AFTER)
        if select_tag(judged.policy.spec, [ninth, tenth]).tag == ninth:
            return version
    return None


def _hit(judged: Judged, environment: Environment, version: Version) -> Hit:
    pattern = environment.tag
    numbers = [candidate.number for tag in judged.tags or () if (candidate := pattern.read(tag))]
    near = any(number is not None and number >= _BEFORE for number in numbers)
    ninth, tenth = pattern.write(version, _BEFORE), pattern.write(version, _AFTER)
    what = f"{judged.name} prefers {ninth} to {tenth}: {environment.name} names its tags {pattern.text}"
    instead = f'tag: "{_GLUED.sub(".", pattern.text).replace("-.", "-")}" in environments.{environment.name}'
    return Hit.at(judged, what, instead, Severity.ERROR if near else Severity.WARNING)


CANDIDATE_ORDER = Rule(
    RuleText(
        "candidate-order",
        "candidates that stop at the ninth: rc10 sorts below rc9",
        "semver compares rc9 and rc10 as words, and so from the tenth candidate on Flux keeps the ninth",
        'a tag pattern with the number by itself, such as "{version}-rc.{n}"',
    ),
    _find,
)
