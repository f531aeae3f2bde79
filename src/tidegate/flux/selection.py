"""Which tag an ImagePolicy selects: image-reflector-controller `imagepolicy_controller.go`, `applyPolicy`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from tidegate.errors.manifest import InvalidPolicy, InvalidRegexp
from tidegate.flux.go_regexp import GoRegexp, Template
from tidegate.flux.outcome import Failure, Outcome, SelectionError, TagOutcome
from tidegate.flux.policy import Policy, read_mapping, read_policy, read_text

DEFAULT_EXCLUSION: Final = r"^.*\.sig$"
"""What an ImageRepository leaves out when its `exclusionList` is missing or empty."""


@dataclass(frozen=True, slots=True)
class Selection:
    """What an ImagePolicy selects.

    Args:
        tag: the selected tag; None when there is an error.
        error: why nothing is selected; None when there is a tag.
    """

    tag: str | None
    error: SelectionError | None = None
    _tags: tuple[str, ...] = field(default=(), repr=False, compare=False)
    _rules: _Rules | None = field(default=None, repr=False, compare=False)

    def explain(self) -> Iterator[TagOutcome]:
        """Yield for every tag why it was or was not taken, in descending byte order of the tags."""
        if self._rules is not None:
            yield from self._rules.explain(self._tags, self.tag)
            return
        text = f"not judged: {self.error}"
        for tag in self._tags:
            yield TagOutcome(tag, Outcome.STALLED, text, tag)


def select_tag(
    spec: Mapping[str, object], tags: Iterable[str], *, exclusion_list: Sequence[str] | None = None
) -> Selection:
    """Return the tag that Flux selects, or why it selects none. The order of `tags` does not matter.

    Where the original's answer hangs on the order of a Go map, this is one of its answers, always the same one.
    What is wrong in `spec` is the selection's `error`: nothing is raised.

    Args:
        spec: an ImagePolicy's `.spec` as YAML or JSON gives it, v1 or v1beta2: `policy` and `filterTags` are read.
        tags: every tag of the repository.
        exclusion_list: the ImageRepository's `.spec.exclusionList`; None or empty for Flux's default.
    """
    ordered = tuple(sorted(set(tags), reverse=True))

    def stalled(failure: Failure, text: str, rules: _Rules | None = None) -> Selection:
        return Selection(None, SelectionError(failure, text), ordered, rules)

    try:
        policy = read_policy(spec)
        filter_tags = read_mapping(spec, "filterTags")
        pattern = read_text(filter_tags or {}, "pattern")
        extract = read_text(filter_tags or {}, "extract")
    except InvalidPolicy as error:
        return stalled(Failure.INVALID_POLICY, error.what)
    try:
        exclusions = _Exclusions.of(exclusion_list)
    except InvalidRegexp as error:
        return stalled(Failure.INVALID_EXCLUSION, error.what)
    known = exclusions.keep(ordered)
    if not known:
        why = "all tags are excluded" if ordered else "there are no tags"
        return stalled(Failure.NO_TAGS, why, _Rules(policy, exclusions, None))
    try:
        tag_filter = None if filter_tags is None else TagFilter(pattern, extract)
    except InvalidRegexp as error:
        return stalled(Failure.INVALID_FILTER, f"filterTags.pattern: {error.what}")
    return _Rules(policy, exclusions, tag_filter).select(known, ordered)


class TagFilter:
    """`filterTags`: which tags take part, and the part of each that is judged (`internal/policy/filter.go`).

    Args:
        pattern: a regular expression, searched for in the tag.
        extract: a template of its groups; "" for the tag itself.

    Raises:
        InvalidRegexp: Go does not take the pattern.
    """

    def __init__(self, pattern: str, extract: str) -> None:
        self._regexp = GoRegexp(pattern)
        self._template = Template(extract, self._regexp) if extract else None

    def value(self, tag: str) -> str | None:
        """Return what is judged of `tag`, or None when the pattern does not match."""
        match = self._regexp.search(tag)
        if match is None:
            return None
        return tag if self._template is None else self._template.expand(match)

    def values(self, tags: Iterable[str]) -> dict[str, str]:
        """Return value → tag; of several tags with one value the last in `tags`."""
        found = ((self.value(tag), tag) for tag in tags)
        return {value: tag for value, tag in found if value is not None}


@dataclass(frozen=True, slots=True)
class _Exclusions:
    """The exclusion list; no expressions stand for Flux's default, whose answer is faster without one."""

    regexps: tuple[GoRegexp, ...]

    @classmethod
    def of(cls, patterns: Sequence[str] | None) -> _Exclusions:
        chosen = list(patterns or ())
        return cls(() if chosen == [DEFAULT_EXCLUSION] else tuple(GoRegexp(pattern) for pattern in chosen))

    def keep(self, tags: Sequence[str]) -> Sequence[str]:
        return [tag for tag in tags if self.match(tag) is None]

    def match(self, tag: str) -> str | None:
        """Return the first pattern that excludes `tag`, or None."""
        if not self.regexps:
            return DEFAULT_EXCLUSION if tag.endswith(".sig") and "\n" not in tag else None
        return next((regexp.pattern for regexp in self.regexps if regexp.search(tag) is not None), None)


@dataclass(frozen=True, slots=True)
class _Rules:
    """Everything that decides about a tag."""

    policy: Policy
    exclusions: _Exclusions
    filter: TagFilter | None

    def select(self, known: Sequence[str], ordered: tuple[str, ...]) -> Selection:
        values = self.filter.values(known) if self.filter else None
        if values is not None and not values:
            empty = SelectionError(Failure.EMPTY_AFTER_FILTER, "filterTags.pattern matches no tag")
            return Selection(None, empty, ordered, self)
        latest = self.policy.latest(known if values is None else values)
        if isinstance(latest, SelectionError):
            return Selection(None, latest, ordered, self)
        return Selection(latest if values is None else values[latest], None, ordered, self)

    def explain(self, tags: tuple[str, ...], selected: str | None) -> Iterator[TagOutcome]:
        known = self.exclusions.keep(tags)
        kept = self.filter.values(known) if self.filter else {}
        latest = self._value(selected) if selected is not None else None
        for tag in tags:
            value = self._value(tag)
            pattern = self.exclusions.match(tag)
            if pattern is not None:
                yield TagOutcome(tag, Outcome.EXCLUDED, f"the exclusion list's {pattern!r} matches", tag)
            elif value is None:
                yield TagOutcome(tag, Outcome.FILTERED, "filterTags.pattern does not match", tag)
            elif kept.get(value, tag) != tag:
                text = f"has the value {value!r}, and Flux keeps {kept[value]} for it"
                yield TagOutcome(tag, Outcome.SHADOWED, text, value)
            elif tag == selected:
                yield TagOutcome(tag, Outcome.TAKEN, "the latest by the policy", value)
            else:
                yield TagOutcome(tag, *self.policy.explain(value, latest), value)

    def _value(self, tag: str) -> str | None:
        return self.filter.value(tag) if self.filter else tag
