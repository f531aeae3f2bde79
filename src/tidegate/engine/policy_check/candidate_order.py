"""Rule: rc10 sorts below rc9."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from tidegate.engine.findings import RuleText, Severity
from tidegate.engine.policy.range_probe import probes
from tidegate.engine.policy_check.rule import Hit, Rule
from tidegate.engine.policy_check.scene import Judged, Scene
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
                yield from _judge(judged, environment)


def _judge(judged: Judged, environment: Environment) -> Iterator[Hit]:
    pattern = environment.tag
    names = f"{environment.name} names its tags {pattern.text}"
    glued = _GLUED.sub(".", pattern.text).replace("-.", "-")
    instead = f'tag: "{glued}" in environments.{environment.name}'
    real = _pair(judged, pattern)
    if real is not None:
        yield Hit.at(judged, f"{judged.name} prefers {real[0]} to {real[1]}: {names}", instead)
        return
    bitten = _bitten(judged, pattern)
    if bitten is None:
        return
    there = [(number, tag) for version, number, tag in _candidates(judged, pattern) if version == bitten]
    number, newest = max(there, default=(0, ""))
    ninth, tenth = (_name(pattern, bitten if there else None, each) for each in (_BEFORE, _AFTER))
    what = f"{judged.name} will prefer {ninth} to {tenth}{f'; {newest} is there now' if there else ''}: {names}"
    yield Hit.at(judged, what, instead, Severity.ERROR if number >= _BEFORE else Severity.WARNING)


def _name(pattern: TagPattern, version: Version | None, number: int) -> str:
    """Return a tag of a version that has candidates; without one, how such tags are written."""
    return pattern.write(version, number) if version else pattern.text.replace("{n}", str(number))


def _pair(judged: Judged, pattern: TagPattern) -> tuple[str, str] | None:
    """Return two candidates of one version that the registry has and the policy sorts the wrong way round."""
    numbered = _candidates(judged, pattern)
    for version in sorted({version for version, _, _ in numbered}, reverse=True):
        ordered = sorted((number, tag) for each, number, tag in numbered if each == version)
        tags = [tag for _, tag in ordered]
        preferred = _preferred(judged, tags)
        if preferred is not None:
            return preferred, tags[-1]
    return None


def _candidates(judged: Judged, pattern: TagPattern) -> list[tuple[Version, int, str]]:
    """Return version, number and tag of the candidates that the registry has."""
    read = ((pattern.read(tag), tag) for tag in judged.tags or ())
    return [(each.version, each.number, tag) for each, tag in read if each is not None and each.number is not None]


def _bitten(judged: Judged, pattern: TagPattern) -> Version | None:
    """Return a version whose ninth candidate the policy prefers to its tenth: first one that has candidates."""
    assert judged.range is not None  # noqa: S101 - looked at before
    real = sorted({version for version, _, _ in _candidates(judged, pattern)}, reverse=True)
    for version in (*real, *probes(judged.range)):
        if _preferred(judged, [pattern.write(version, number) for number in (_BEFORE, _AFTER)]):
            return version
    return None


def _preferred(judged: Judged, tags: list[str]) -> str | None:
    """Return the tag that the policy prefers to the last one, which it would take; None when it prefers none."""
    spec = judged.policy.spec
    taken = select_tag(spec, tags).tag
    return taken if taken != tags[-1] and select_tag(spec, tags[-1:]).tag is not None else None


CANDIDATE_ORDER = Rule(
    RuleText(
        "candidate-order",
        "candidates that stop at the ninth: rc10 sorts below rc9",
        "semver compares rc9 and rc10 as words, and so from the tenth candidate on Flux keeps the ninth",
        'a tag pattern with the number by itself, such as "{version}-rc.{n}"',
    ),
    _find,
)
