"""What the model writes it reads back: tags, references, paths."""

from hypothesis import assume, example, given
from hypothesis import strategies as st

from tidegate.errors.model import InvalidImageRef, InvalidPattern
from tidegate.model import CandidateTag, Digest, ImageRef, PathPattern, TagPattern, Version

NUMBERS = st.integers(0, 10**6)
PRERELEASES = st.from_regex(r"\A(?:[a-zA-Z][0-9a-zA-Z-]{0,4}(?:\.(?:0|[1-9][0-9]{0,3}|[a-z]{1,3})){0,2})?\Z")
VERSIONS = st.builds(
    lambda v, numbers, pre: Version.parse(v + ".".join(map(str, numbers)) + (f"-{pre}" if pre else "")),
    st.sampled_from(["", "v"]),
    st.tuples(NUMBERS, NUMBERS, NUMBERS),
    PRERELEASES,
)
AFFIXES = st.text("abcv019.-_", max_size=4)
PATTERNS = st.builds(
    lambda before, fields, between, after: (
        f"{before}{fields[0]}{between if len(fields) > 1 else ''}{''.join(fields[1:])}{after}"
    ),
    AFFIXES,
    st.sampled_from([("{version}",), ("{version}", "{n}"), ("{n}", "{version}")]),
    AFFIXES,
    AFFIXES,
)


@given(PATTERNS, VERSIONS, st.integers(1, 10**9 - 1))
@example("{version}-rc{n}", Version.parse("1.1.3-rc1"), 10)
@example("{n}.{version}", Version.parse("1.2.3"), 4)
def test_a_tag_is_read_as_it_was_written(text: str, version: Version, number: int) -> None:
    try:
        pattern = TagPattern(text)
    except InvalidPattern:
        assume(False)  # noqa: FBT003 - hypothesis' own way
        raise
    tag = pattern.write(version, number)
    assert pattern.read(tag) == CandidateTag(version, number if pattern.numbered else None)


HOSTS = st.one_of(
    st.from_regex(r"\A[a-z0-9](?:[a-z0-9-]{0,8}[a-z0-9])?\.[a-z]{2,5}(?::[0-9]{1,5})?\Z"),
    st.sampled_from(["localhost", "docker.io", "[::1]:5000", "HOST", "127.0.0.1:5000"]),
)
COMPONENTS = st.from_regex(r"\A[a-z0-9]{1,6}(?:(?:\.|_|__|-{1,3})[a-z0-9]{1,6}){0,2}\Z")
REFERENCES = st.builds(
    ImageRef,
    HOSTS,
    st.lists(COMPONENTS, min_size=2, max_size=4).map("/".join),
    st.none() | st.from_regex(r"\A[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}\Z"),
    st.none() | st.binary(max_size=8).map(Digest.of),
)


@given(REFERENCES)
def test_a_reference_is_read_as_it_was_written(reference: ImageRef) -> None:
    assert ImageRef.parse(str(reference)) == reference


@given(st.text("aA0./:@-_[]\n ", max_size=20))
def test_any_text_is_a_reference_that_writes_itself_or_is_refused(text: str) -> None:
    try:
        parsed = ImageRef.parse(text)
    except InvalidImageRef:
        return
    assert ImageRef.parse(str(parsed)) == parsed


PATHS = st.builds(
    lambda before, middle, after: f"{before}{middle}{after}",
    st.sampled_from(["", "apps/", "a/b/"]),
    st.sampled_from(["{service}", "x-{service}", "{service}.d", "{service}/{service}-prod"]),
    st.sampled_from(["", "/prod", "/a/b"]),
)


@given(
    PATHS, st.from_regex(r"\A[a-z0-9]{1,5}(?:[._-]{1,2}[a-z0-9]{1,5}){0,2}\Z"), st.sampled_from(["f.yaml", "g/f.yaml"])
)
def test_a_path_is_read_as_it_was_written(text: str, service: str, file: str) -> None:
    pattern = PathPattern(text)
    assert pattern.read(f"{pattern.write(service)}/{file}") == service
