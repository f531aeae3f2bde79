from __future__ import annotations

import tempfile
from datetime import timedelta
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from support.configs import SMALL, load_text
from tidegate.config import Configuration, duration
from tidegate.config.grammar import keep_path
from tidegate.errors.config import ConfigInvalid

LINES = SMALL.splitlines(keepends=True)
WORDS = st.sampled_from(
    ["{", "}", "[", "]", ": ", "&a ", "*a", "!x ", "~", "1", "true", "- ", "'", '"', "<<: *a", "from: live", "\n", "  "]
)


@st.composite
def damaged(draw: st.DrawFn) -> str:
    """SMALL with a few places overwritten and lines moved."""
    text = "".join(draw(st.permutations(LINES)) if draw(st.booleans()) else LINES)
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = start + draw(st.integers(0, 12))
        text = text[:start] + draw(WORDS | st.text(max_size=3)) + text[end:]
    return text


@given(damaged())
def test_any_text_is_a_configuration_or_a_list_of_findings_with_places(text: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        data = text.encode("utf-8", "surrogatepass")
        try:
            outcome: Configuration | ConfigInvalid = load_text(Path(folder), data)
        except ConfigInvalid as error:
            outcome = error
    if isinstance(outcome, ConfigInvalid):
        lines = data.count(b"\n") + 1
        assert outcome.findings
        assert all(one.what and 1 <= (one.place.line or 0) <= lines for one in outcome.findings)


SEGMENTS = st.sampled_from(
    [
        "FORGE",
        "PATH",
        "TYPE",
        "GROUPS",
        "ENVIRONMENTS",
        "LIVE",
        "DEV",
        "FROM",
        "APPROVALS",
        "COUNT",
        "SERVICES",
        "X",
        "_",
    ]
)
NAMES = st.lists(SEGMENTS, min_size=1, max_size=4).map(lambda parts: "TIDEGATE_" + "__".join(parts))


@given(st.dictionaries(NAMES, st.text() | st.sampled_from(["dev", "gitlab", "2", "user:a"]), max_size=3))
def test_any_environment_is_a_configuration_or_a_list_of_findings(environ: dict[str, str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        try:
            found = load_text(Path(folder), SMALL, environ).origins.values()
            places = {str(one.place) for one in found if one.place is not None and one.place.line is None}
        except ConfigInvalid as error:
            places = {str(one.place) for one in error.findings if one.place.line is None}
    assert places <= set(environ)


@given(st.lists(st.text('abc."-/ é', min_size=1).filter(lambda part: '"' not in part), min_size=1))
def test_a_path_to_keep_reads_back_as_it_was_quoted(keys: list[str]) -> None:
    assert keep_path(".".join(f'"{key}"' for key in keys)) == tuple(keys)


@given(st.integers(0, 9999), st.integers(0, 9999), st.integers(0, 9999), st.integers(0, 9999))
def test_a_length_of_time_reads_back_as_it_was_written(days: int, hours: int, minutes: int, seconds: int) -> None:
    written = f"{days}d{hours}h{minutes}m{seconds}s"
    assert duration(written) == timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
