"""A release carried to another environment, with what stays as the target has it."""

from __future__ import annotations

import pytest

from tidegate.errors.manifest import InvalidYaml, NotHelmRelease, UnsafeEdit
from tidegate.flux import carry_release

HEAD = "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\n"


def carry(source: str, target: str, *keep: str) -> str:
    paths = [tuple(path.split(".")) for path in keep]
    carried = carry_release((HEAD + source).encode(), (HEAD + target).encode(), paths, file="x.yaml").decode()
    assert carried.startswith(HEAD)
    return carried.removeprefix(HEAD)


@pytest.mark.parametrize(
    ("source", "target", "keep", "carried"),
    [
        pytest.param("a: 1\nb: 2\n", "a: 3\n", ["a"], "a: 3\nb: 2\n", id="scalar"),
        pytest.param("a: 1 # ours\n", "a: '3' # theirs\n", ["a"], "a: '3' # theirs\n", id="its comment comes along"),
        pytest.param("# ours\na: 1\n", "# theirs\n# too\na: 3\n", ["a"], "# theirs\n# too\na: 3\n", id="above too"),
        pytest.param("a: 1\n", "b: 2\n", ["b"], "a: 1\nb: 2\n", id="only in target"),
        pytest.param("a: 1\nb: 2\nc: 3\n", "a: 1\n", ["b"], "a: 1\nc: 3\n", id="only in source"),
        pytest.param("a: 1\nb: 2", "a: 1\n", ["b"], "a: 1", id="last, no line end"),
        pytest.param("a: 1", "b: 2\n", ["b"], "a: 1\nb: 2", id="added, no line end"),
        pytest.param("a: 1\n", "a: 1\n", ["b", "c.d"], "a: 1\n", id="in neither"),
        pytest.param("v:\n  a: 1\n", "v:\n  b: 1\n", ["v.a"], "v:\n  {}\n", id="the only one goes"),
        pytest.param("v:\n  a: 1\n", "v:\n  b: 1\n", ["v.a", "v.b"], "v:\n  b: 1\n", id="the only one changes"),
        pytest.param(
            "v:\n  a: 1\nw: 2\n", "v: {b: 1}\nx: 3\n", ["v.b", "x"], "v:\n  a: 1\n  b: 1\nw: 2\nx: 3\n", id="two"
        ),
        pytest.param("v:\n  a: 1\n", "v: {b: 1}\nx: 3\n", ["x", "v.b"], "v:\n  a: 1\n  b: 1\nx: 3\n", id="same place"),
        pytest.param(
            "v:\n  a:\n    b: 1\n    c: 2\n",
            "v:\n    a:\n        b: 3\n",
            ["v.a.b"],
            "v:\n  a:\n    b: 3\n    c: 2\n",
            id="indentation of the source",
        ),
        pytest.param(
            "v:\n  a: 1\n  z: 9\n",
            "v:\n      a:\n        - x # note\n\n        # inside\n        - |\n          text\n            deep\n"
            "        # end\n      b: 1\n",
            ["v.a"],
            "v:\n  a:\n    - x # note\n\n    # inside\n    - |\n      text\n        deep\n    # end\n  z: 9\n",
            id="a list, less indented",
        ),
        pytest.param(
            "v:\n    a: 1\n    z: 9\n",
            "v:\n a:\n  b: |\n   x\n\n   y\n",
            ["v.a"],
            "v:\n    a:\n     b: |\n      x\n\n      y\n    z: 9\n",
            id="a block, more indented",
        ),
        pytest.param(
            "v:\n  a: 1\n  # b: off\nw: 1\n",
            "v:\n  c: 1\n",
            ["v.c"],
            "v:\n  a: 1\n  c: 1\n  # b: off\nw: 1\n",
            id="comments below stay below",
        ),
        pytest.param("v:\r\n  a: 1\r\n", "v:\n  a:\n    b: 1\n", ["v.a"], "v:\r\n  a:\r\n    b: 1\r\n", id="line ends"),
        pytest.param("v: {a: 1, b: 2}\n", "v:\n  a: [x, y]\n", ["v.a"], "v: {a: [x, y], b: 2}\n", id="brackets"),
        pytest.param("v: {a: , b: 2}\n", "v:\n  a: x\n", ["v.a"], "v: {a: x, b: 2}\n", id="empty in brackets"),
        pytest.param("v:\n  a: 1\n", "v: {a: [x]}\n", ["v.a"], "v:\n  a: [x]\n", id="out of brackets"),
        pytest.param("a: {b: 1}\n", "a:\n  b: 2\n", ["a", "a.b"], "a:\n  b: 2\n", id="one inside the other"),
        pytest.param("a: |+\n  x\n\nb: 1\n", "a: |+\n  y\n\n", ["a"], "a: |+\n  y\n\nb: 1\n", id="blank lines kept"),
        pytest.param("a: 1\nb: |+\n  x\n\n", "c: 1\n", ["c"], "a: 1\nb: |+\n  x\n\nc: 1\n", id="after blank lines"),
        pytest.param("v:\n# out\n  a: 1\n", "v:\n # t\n a: 2\n", ["v.a"], "v:\n# out\n  # t\n  a: 2\n", id="outside"),
        pytest.param("a:\nb: 1\n", "a: 2\n", ["a"], "a: 2\nb: 1\n", id="empty"),
        pytest.param("a: 1\nx: &x 1\ny: *x\n", "a: 2\n", ["a"], "a: 2\nx: &x 1\ny: *x\n", id="anchors elsewhere"),
    ],
)
def test_what_is_kept_is_as_the_target_has_it(source: str, target: str, keep: list[str], carried: str) -> None:
    assert carry(source, target, *keep) == carried


@pytest.mark.parametrize(
    ("source", "target", "keep", "what"),
    [
        ("v: 1\n", "v:\n  a: 1\n", "v.a", "not a mapping"),
        ("a: 1\n", "v:\n  a: 1\n", "v.a", "not a mapping"),
        ("a: 1\n", "x: &x 1\na: *x\n", "a", "something else"),
        ("a: 1\n", "a: &x 1\n", "a", "something else"),
        ("a: &x 1\nb: *x\n", "a: 1\n", "a", "something else"),
        ("a: {b: &x 1}\nc: *x\n", "a: 1\n", "a", "something else"),
        ("v: &v {a: 1}\nw: *v\n", "v:\n  a: 2\n", "v.a", "shared"),
        ("v: {a: 1}\n", "u: &u {a: 1}\nv: *u\n", "v.a", "shared"),
        ("v:\n  b: 1\n", "u: &u {a: 1}\nv:\n  <<: *u\n", "v.a", "merge key"),
        ("a: 1\na: 2\n", "a: 1\n", "a", "2 times"),
        ("v: {b: 1}\n", "v: {a: 1}\n", "v.a", "brackets"),
        ("v: {a: 1}\n", "v: {b: 1}\n", "v.a", "brackets"),
        ("v: {a: 1}\n", "v:\n  a:\n    b: 1\n", "v.a", "brackets"),
        ("v:\n  ? a\n  : 1\n", "v:\n  a: 2\n", "v.a", "lines of its own"),
        ("v:\n  a: 1\n", "v: {a: [1,\n2]}\n", "v.a", "lines of its own"),
        ("a: 1\nb: 2\n", "a: |\n  no line end", "a", "a would not read as it should"),
    ],
)
def test_what_would_be_a_guess_is_refused(source: str, target: str, keep: str, what: str) -> None:
    with pytest.raises(UnsafeEdit, match=what) as caught:
        carry(source, target, keep)
    assert str(caught.value.where).startswith("x.yaml")
    assert caught.value.hint


def test_without_a_target_the_source_is_the_copy() -> None:
    assert carry_release(b"a: 1", None, [("a",)]) == b"a: 1"


def test_other_documents_move_with_the_copy() -> None:
    source = f"kind: Other\n---\n{HEAD}a: 1\n---\nkind: Last".encode()
    target = f"{HEAD}a: 2\n---\nkind: Lost\n".encode()
    assert carry_release(source, target, [("a",)]) == source.replace(b"a: 1", b"a: 2")


def test_helmreleases_are_told_apart_by_name() -> None:
    def two(*names: str, value: int) -> bytes:
        return "---\n".join(f"{HEAD}metadata: {{name: {name}}}\na: {value}{name}\n" for name in names).encode()

    carried = carry_release(two("x", "y", value=1), two("y", "x", value=2), [("a",)])
    assert carried == two("x", "y", value=2)
    with pytest.raises(UnsafeEdit, match="named 'z'"):
        carry_release(two("x", "z", value=1), two("y", "x", value=2), [("a",)])


@pytest.mark.parametrize(("target", "error"), [(b"a: 1\n", NotHelmRelease), (b"a: [", InvalidYaml)])
def test_a_target_that_is_something_else_is_refused(target: bytes, error: type[Exception]) -> None:
    with pytest.raises(error):
        carry_release(HEAD.encode(), target, [("a",)])
