"""Rule: a setter marker that names a policy which does not exist."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches

from tidegate.engine.findings import RuleText
from tidegate.engine.policy_check.rule import Hit, Rule
from tidegate.engine.policy_check.scene import Scene
from tidegate.errors import Place


def _find(scene: Scene) -> Iterator[Hit]:
    known = sorted(f"{each.policy.namespace or 'NAMESPACE'}:{each.policy.name}" for each in scene.policies)
    for marked in scene.marked:
        marker = marked.value.marker
        if scene.policy(marker.namespace, marker.name) is not None:
            continue
        nearest = get_close_matches(f"{marker.namespace}:{marker.name}", known, n=1)
        field = f":{marker.field}" if marker.field else ""
        instead = f'{{"$imagepolicy": "{nearest[0]}{field}"}}' if nearest else "the name of a policy, or no marker"
        what = f"the setter marker names {marker.namespace}:{marker.name}, and there is no such ImagePolicy"
        yield Hit(marked.project, Place(marked.file, marked.value.line), what, instead)


MARKER_WITHOUT_POLICY = Rule(
    RuleText(
        "marker-without-policy",
        "a setter marker that names an ImagePolicy which does not exist",
        "Flux passes over such a marker without a word: the value never changes again",
        "namespace and name of a policy that stands in the pipeline's repositories",
    ),
    _find,
)
