"""ImagePolicies read from files, and their range written."""

from __future__ import annotations

import pytest

from tidegate.errors.manifest import UnsafeEdit
from tidegate.flux import image_policies, set_policy_range

POLICIES = b"""\
# policies of one service
apiVersion: image.toolkit.fluxcd.io/v1
kind: ImagePolicy
metadata:
  name: app
  namespace: flux-system
spec:
  imageRepositoryRef: {name: app}
  filterTags:
    pattern: '^v(?P<version>.*)$'
    extract: $version
  policy:
    semver:
      range: 1.0.x # moved by releases
---
apiVersion: v1
kind: ConfigMap
---
apiVersion: image.toolkit.fluxcd.io/v1beta2
kind: ImagePolicy
metadata: {name: builds}
spec: {policy: {numerical: {order: asc}}, digestReflectionPolicy: Never, interval: 10, list: [a, ~, true, 1.5, "1"]}
"""


def test_policies_are_read() -> None:
    app, builds = image_policies(POLICIES)
    assert (app.document, app.name, app.namespace, app.line) == (0, "app", "flux-system", 2)
    assert (app.range, app.range_line) == ("1.0.x", 14)
    assert app.spec == {
        "imageRepositoryRef": {"name": "app"},
        "filterTags": {"pattern": "^v(?P<version>.*)$", "extract": "$version"},
        "policy": {"semver": {"range": "1.0.x"}},
    }
    assert (builds.document, builds.namespace, builds.range, builds.range_line) == (2, None, None, None)
    assert builds.api_version == "image.toolkit.fluxcd.io/v1beta2"
    assert builds.spec["list"] == ["a", None, True, 1.5, "1"]


@pytest.mark.parametrize("data", [b"", b"a: 1\n", POLICIES.replace(b"fluxcd.io/v1", b"fluxcd.io/v7")])
def test_a_file_without_policies_has_none(data: bytes) -> None:
    assert image_policies(data) == []


def test_a_policy_without_a_spec_has_an_empty_one() -> None:
    (policy,) = image_policies(b"apiVersion: image.toolkit.fluxcd.io/v1\nkind: ImagePolicy\nspec: text\n")
    assert (policy.name, policy.spec, policy.range) == ("", {}, None)


def test_an_empty_range_is_none() -> None:
    (policy, _) = image_policies(POLICIES.replace(b"range: 1.0.x", b"range:"))
    assert (policy.range, policy.range_line) == (None, 14)


@pytest.mark.parametrize(
    ("text", "line"),
    [("1.1.x", "range: 1.1.x #"), (">=1.1.0 <1.2.0", 'range: ">=1.1.0 <1.2.0" #'), ("1.1", 'range: "1.1" #')],
)
def test_only_the_range_is_written(text: str, line: str) -> None:
    data = set_policy_range(POLICIES, image_policies(POLICIES)[0], text)
    assert data == POLICIES.replace(b"range: 1.0.x #", line.encode())


def test_a_policy_without_a_range_gets_none() -> None:
    with pytest.raises(UnsafeEdit, match="semver does not exist"):
        set_policy_range(POLICIES, image_policies(POLICIES)[1], "1.x")
