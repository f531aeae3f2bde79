"""Whatever a cluster answers: it is read, or refused by an error that says so."""

from __future__ import annotations

from contextlib import suppress

from hypothesis import given
from hypothesis import strategies as st

from tidegate.cluster.parse import items_of, message_of, parse_release
from tidegate.cluster.values import images_in_values
from tidegate.errors.cluster import ClusterAnswerUnreadable
from tidegate.model.json import Json

_KEYS = st.sampled_from(
    ["image", "repository", "tag", "registry", "digest", "type", "status", "conditions", "history", "values", "items"]
)
_LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.sampled_from(["Ready", "True", "a/b:1", ""])
)
ANY: st.SearchStrategy[Json] = st.recursive(
    _LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_KEYS | st.text(max_size=4), inner, max_size=5),
    max_leaves=20,
)


@given(ANY)
def test_values_are_searched_whatever_is_in_them(values: Json) -> None:
    found = images_in_values(values)
    assert len(found) == len(set(found))


@given(ANY)
def test_an_answer_is_a_list_or_refused(answer: Json) -> None:
    message_of(answer)
    with suppress(ClusterAnswerUnreadable):
        items_of(answer, "https://k8s")


@given(ANY, ANY, st.booleans())
def test_an_object_is_a_release_or_refused(spec: Json, status: Json, is_named: bool) -> None:  # noqa: FBT001 - given
    metadata: dict[str, Json] = {"namespace": "apps", "name": "inventory", "uid": "u", "generation": 1}
    document: dict[str, Json] = {"metadata": metadata if is_named else spec, "spec": spec, "status": status}
    try:
        found = parse_release(document, {}, "https://k8s")
    except ClusterAnswerUnreadable:
        assert not is_named
    else:
        assert found.path == "apps/inventory"


@given(st.text(), st.text(alphabet="abc", min_size=1))
def test_an_image_is_found_beside_any_text(text: str, name: str) -> None:
    values: Json = {"text": text, "image": f"prd.example/{name}:1"}
    assert f"prd.example/{name}:1" in [str(each) for each in images_in_values(values)]
