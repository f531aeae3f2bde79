"""Rule: a filter that no tag passes, or that leaves nothing to judge."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tidegate.engine.findings import RuleText
from tidegate.engine.policy_check.rule import Hit, Rule
from tidegate.engine.policy_check.scene import Judged, Scene
from tidegate.flux import Failure

_SHOWN = 3


def _find(scene: Scene) -> Iterator[Hit]:
    for judged in scene.policies:
        filter_ = judged.policy.spec.get("filterTags")
        fields: Mapping[str, object] = filter_ if isinstance(filter_, Mapping) else {}
        if judged.failure is Failure.EMPTY_AFTER_FILTER:
            examples = ", ".join(sorted(judged.tags or (), reverse=True)[:_SHOWN])
            what = f"filterTags.pattern {fields.get('pattern')} of {judged.name} matches no tag"
            yield Hit.at(judged, what, f"a pattern that the tags match; they are like {examples}")
        elif extracts_nothing(judged):
            what = f"filterTags.extract {fields.get('extract')} of {judged.name} gives the empty text for every tag"
            yield Hit.at(judged, what, "the name of a group of the pattern, e.g. (?P<version>.*) and $version")


def extracts_nothing(judged: Judged) -> bool:
    """Return whether what a filter extracts is empty for every tag that it lets through."""
    running = judged.running() if judged.filters and judged.tags else ()
    return bool(running) and not any(each.value for each in running)


FILTER_NEVER_MATCHES = Rule(
    RuleText(
        "filter-never-matches",
        "a filterTags that lets no tag through, or extracts nothing",
        "Flux then has nothing to choose from and keeps what runs",
        "a pattern that today's tags match, and an extract that names one of its groups",
    ),
    _find,
)
