"""What is attached to an image: found, brought along, listed at the target, nobody's entries lost."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator

import pytest

from support.attached import attach, listed
from tidegate.errors.registry import ManifestInvalid, RegistryDenied, RegistryFailed
from tidegate.http import Retry
from tidegate.model.digest import Digest
from tidegate.model.manifest import OCI_INDEX, Manifest
from tidegate.model.referrers import ReferrerList, cosign_tags, entry_of, fallback_tag, subject_of
from tidegate.registry.copy.copier import Copier, Referrers, Wish
from tidegate.registry.referrers import ReferrerSearch, list_at
from tidegate.registry.tree import Home, read_tree
from tidegate.testing.images import build_image, build_index, build_referrer
from tidegate.testing.registry import FakeRegistry

REPOSITORY = "team/inventory"
COPIER = Copier(Retry(sleep=lambda _seconds: None))
SIDES = [False, True]


def _home(*, lists: bool = False) -> Home:
    return Home(FakeRegistry(lists_referrers=lists), "dev", REPOSITORY)


@pytest.mark.parametrize("source_lists", SIDES)
@pytest.mark.parametrize("target_lists", SIDES)
def test_all_that_is_attached_moves_whatever_the_registries_can(*, source_lists: bool, target_lists: bool) -> None:
    source, target = _home(lists=source_lists), _home(lists=target_lists)
    image = build_index("inventory")
    image.push(source.registry, REPOSITORY, "1.0.0")
    sbom = attach(source, build_referrer(image.root.descriptor, "sbom", annotations={"made.by": "ci"}))
    of_child = attach(source, build_referrer(image.children[1].descriptor, "sbom of arm64"))
    signature = attach(source, build_referrer(sbom.root.descriptor, "signature of the sbom"))
    cosign = build_image("cosign")
    cosign.push(source.registry, REPOSITORY, cosign_tags(image.digest)[0])
    attestation = build_image("attestation")
    attestation.push(source.registry, REPOSITORY, cosign_tags(of_child.digest)[1])

    report = COPIER.copy(source, "1.0.0", target, "1.0.0")

    assert (report.referrers, report.kept) == (5, ())
    assert listed(target, image.digest) == (sbom.digest,)
    assert listed(target, image.children[1].digest) == (of_child.digest,)
    assert listed(target, sbom.digest) == (signature.digest,)
    for referrer in (sbom, of_child, signature):
        assert target.registry.manifest(REPOSITORY, str(referrer.digest)) == referrer.root
        assert read_tree(target, referrer.digest).blobs
    assert target.registry.manifest(REPOSITORY, cosign_tags(image.digest)[0]) == cosign.root
    assert target.registry.manifest(REPOSITORY, cosign_tags(of_child.digest)[1]) == attestation.root
    calls = target.registry.calls  # type: ignore[attr-defined]
    written = [call for call in calls if call.startswith("put_manifest")]
    assert written[-1].endswith("1.0.0")


def test_the_list_says_what_an_artifact_is() -> None:
    sbom = build_referrer(build_image("i").root.descriptor, "sbom", artifact_type="text/x", annotations={"a": "b"})
    assert entry_of(sbom.root) == {
        "mediaType": sbom.root.media_type,
        "digest": str(sbom.digest),
        "size": len(sbom.root.data),
        "artifactType": "text/x",
        "annotations": {"a": "b"},
    }
    image = build_image("i").root
    assert entry_of(image)["artifactType"] == "application/vnd.oci.image.config.v1+json"
    assert subject_of(image) is None


def test_the_targets_own_referrers_stay() -> None:
    source, target, image = _home(), _home(), build_image("inventory")
    image.push(source.registry, REPOSITORY, "1.0.0")
    attach(source, build_referrer(image.root.descriptor, "theirs"))
    foreign = {"mediaType": "x/y", "digest": str(Digest.of(b"ours")), "size": 4, "unknown": [1]}
    document = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [foreign], "annotations": {"kept": "yes"}}
    held = Manifest(OCI_INDEX, json.dumps(document).encode())
    target.registry._manifests[REPOSITORY][held.digest] = held  # type: ignore[attr-defined]
    target.registry._tags[REPOSITORY][fallback_tag(image.digest)] = held.digest  # type: ignore[attr-defined]
    target.registry._blobs[REPOSITORY][Digest.of(b"ours")] = b"ours"  # type: ignore[attr-defined]
    COPIER.copy(source, "1.0.0", target, "1.0.0")
    after = json.loads(target.registry.manifest(REPOSITORY, fallback_tag(image.digest)).data)
    assert after["annotations"] == {"kept": "yes"}
    assert after["manifests"][0] == foreign
    assert len(after["manifests"]) == 2


class _Contested(FakeRegistry):
    """A fake whose fallback index is overwritten by someone else's older state right after the first `losses` puts."""

    def __init__(self, losses: int) -> None:
        super().__init__()
        self.losses = losses

    def put_manifest(self, repository: str, reference: str, manifest: Manifest) -> None:
        super().put_manifest(repository, reference, manifest)
        if reference.startswith("sha256-") and self.losses:
            self.losses -= 1
            super().put_manifest(repository, reference, ReferrerList().manifest())


@pytest.mark.parametrize(("losses", "succeeds"), [(3, True), (99, False)])
def test_an_index_that_another_writer_overwrites_is_written_again(losses: int, *, succeeds: bool) -> None:
    target, image = Home(_Contested(losses), "prd", REPOSITORY), build_image("inventory")
    sbom = build_referrer(image.root.descriptor, "sbom")
    sbom.push(target.registry, REPOSITORY, str(sbom.digest))
    if succeeds:
        list_at(target, image.digest, [sbom.root])
        assert listed(target, image.digest) == (sbom.digest,)
    else:
        with pytest.raises(RegistryFailed, match="changed by others"):
            list_at(target, image.digest, [sbom.root])


def test_a_writer_that_read_before_us_and_writes_after_us_is_found_out() -> None:
    """Its write comes while we wait: the look right after ours saw nothing of it."""
    target, image = _home(), build_image("inventory")
    image.push(target.registry, REPOSITORY, "1.0.0")
    ours, theirs = (build_referrer(image.root.descriptor, name) for name in ("ours", "theirs"))
    for each in (ours, theirs):
        each.push(target.registry, REPOSITORY, str(each.digest))
    late = [ReferrerList().with_entries([entry_of(theirs.root)]).manifest()]
    waits: list[float] = []

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        if late:
            target.registry.put_manifest(REPOSITORY, fallback_tag(image.digest), late.pop())

    list_at(target, image.digest, [ours.root], sleep=sleep, monotonic=itertools.count().__next__)
    assert listed(target, image.digest) == (theirs.digest, ours.digest)
    assert waits[0] >= 2  # the clock counts one for reading and writing


def test_who_is_overwritten_waits_by_the_longest_of_its_turns_and_longer_each_time() -> None:
    target, image = Home(_Contested(12), "prd", REPOSITORY), build_image("inventory")
    sbom = build_referrer(image.root.descriptor, "sbom")
    sbom.push(target.registry, REPOSITORY, str(sbom.digest))
    waits: list[float] = []
    clock = itertools.chain([0, 10], itertools.count(20))  # the first turn takes ten seconds, the others one
    assert list_at(target, image.digest, [sbom.root], sleep=waits.append, monotonic=clock.__next__)
    assert listed(target, image.digest) == (sbom.digest,)
    assert len(waits) == 13
    assert waits[0] == 20
    assert all(20 <= wait <= 10 * (2 + 16) for wait in waits)
    assert max(waits) > 10 * (2 + 4)  # of twelve


def test_a_signature_that_differs_at_the_target_is_left_alone_and_told() -> None:
    source, target, image = _home(), _home(), build_image("inventory")
    image.push(source.registry, REPOSITORY, "1.0.0")
    tag = cosign_tags(image.digest)[0]
    build_image("signed in dev").push(source.registry, REPOSITORY, tag)
    theirs = build_image("signed in prd").push(target.registry, REPOSITORY, tag)
    assert COPIER.copy(source, "1.0.0", target, "1.0.0").kept == (tag,)
    found = target.registry.resolve(REPOSITORY, tag)
    assert found
    assert found.digest == theirs


def test_what_a_list_names_wrongly_is_passed_over() -> None:
    source, image, other = _home(), build_image("inventory"), build_image("other")
    image.push(source.registry, REPOSITORY, "1.0.0")
    other.push(source.registry, REPOSITORY, "other")
    gone = build_referrer(image.root.descriptor, "gone")
    attach(source, gone)
    source.registry.delete(REPOSITORY, str(gone.digest))
    of_other = build_referrer(other.root.descriptor, "of another image")
    of_other.push(source.registry, REPOSITORY, str(of_other.digest))
    source.registry.calls.clear()  # type: ignore[attr-defined]
    index = ReferrerList().with_entries([entry_of(gone.root), entry_of(of_other.root)]).manifest()
    source.registry._manifests[REPOSITORY][index.digest] = index  # type: ignore[attr-defined]
    source.registry._tags[REPOSITORY][fallback_tag(image.digest)] = index.digest  # type: ignore[attr-defined]
    assert ReferrerSearch().find(source, read_tree(source, "1.0.0")) == ()


def _chain(home: Home, length: int) -> None:
    image = build_image("inventory")
    image.push(home.registry, REPOSITORY, "1.0.0")
    for number in range(length):
        image = attach(home, build_referrer(image.root.descriptor, str(number)))


def test_a_chain_of_eight_moves_and_one_without_end_is_an_error() -> None:
    source = _home()
    _chain(source, 8)
    assert COPIER.copy(source, "1.0.0", _home(), "1.0.0").referrers == 8
    _chain(source, 9)
    with pytest.raises(ManifestInvalid, match="attached") as caught:
        COPIER.copy(source, "1.0.0", _home(), "1.0.0")
    assert "--referrers never" in (caught.value.hint or "")


def test_of_too_many_none_is_left_behind_in_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tidegate.registry.referrers._MOST", 2)
    source, image = _home(lists=True), build_image("inventory")
    image.push(source.registry, REPOSITORY, "1.0.0")
    for number in range(2):
        attach(source, build_referrer(image.root.descriptor, str(number)))
    assert len(ReferrerSearch().find(source, read_tree(source, "1.0.0"))) == 2
    attach(source, build_referrer(image.root.descriptor, "one more"))
    with pytest.raises(ManifestInvalid, match="attached"):
        ReferrerSearch().find(source, read_tree(source, "1.0.0"))


def test_what_is_attached_and_can_not_be_read_is_named_and_may_be_left_behind() -> None:
    source, target, image = _home(), _home(), build_image("inventory")
    image.push(source.registry, REPOSITORY, "1.0.0")
    old = Manifest("application/vnd.oci.artifact.manifest.v1+json", b"{}")
    tag = cosign_tags(image.digest)[2]
    source.registry._manifests[REPOSITORY][old.digest] = old  # type: ignore[attr-defined]
    source.registry._tags[REPOSITORY][tag] = old.digest  # type: ignore[attr-defined]
    with pytest.raises(ManifestInvalid, match=f"attached as {tag}") as caught:
        COPIER.copy(source, "1.0.0", target, "1.0.0")
    assert "--referrers never" in (caught.value.hint or "")
    assert COPIER.copy(source, "1.0.0", target, "1.0.0", wish=Wish(Referrers.NEVER)).referrers == 0


def test_who_may_pull_and_not_list_tags_gets_all_the_same() -> None:
    """AmazonEC2ContainerRegistryPullOnly does not allow ecr:ListImages."""

    class PullOnly(FakeRegistry):
        def tags(self, repository: str) -> Iterator[str]:
            raise RegistryDenied(f"not authorized to list {repository}")

    source, target, image = Home(PullOnly(), "dev", REPOSITORY), _home(), build_image("inventory")
    image.push(source.registry, REPOSITORY, "1.0.0")
    sbom = attach(source, build_referrer(image.root.descriptor, "sbom"))
    build_image("cosign").push(source.registry, REPOSITORY, cosign_tags(image.digest)[0])
    assert COPIER.copy(source, "1.0.0", target, "1.0.0").referrers == 2
    assert listed(target, image.digest) == (sbom.digest,)


def test_what_the_targets_list_names_and_has_no_more_does_not_keep_others_from_it() -> None:
    source, target, image = _home(), _home(), build_image("inventory")
    image.push(target.registry, REPOSITORY, "0.9.0")
    kept, gone = (attach(target, build_referrer(image.root.descriptor, name)) for name in ("kept", "gone"))
    target.registry.delete(REPOSITORY, str(gone.digest))
    image.push(source.registry, REPOSITORY, "1.0.0")
    sbom = attach(source, build_referrer(image.root.descriptor, "sbom"))
    COPIER.copy(source, "1.0.0", target, "1.0.0")
    assert listed(target, image.digest) == (kept.digest, sbom.digest)


def test_a_fallback_tag_that_is_no_index_is_told_not_overwritten() -> None:
    source, target, image = _home(), _home(), build_image("inventory")
    image.push(source.registry, REPOSITORY, "1.0.0")
    attach(source, build_referrer(image.root.descriptor, "sbom"))
    held = build_image("stray").push(target.registry, REPOSITORY, fallback_tag(image.digest))
    with pytest.raises(ManifestInvalid, match="no index"):
        COPIER.copy(source, "1.0.0", target, "1.0.0")
    found = target.registry.resolve(REPOSITORY, fallback_tag(image.digest))
    assert found
    assert found.digest == held
    assert target.registry.resolve(REPOSITORY, "1.0.0") is None


def test_when_what_is_attached_is_looked_for() -> None:
    source, target, image = _home(), _home(), build_image("inventory")
    image.push(source.registry, REPOSITORY, "1.0.0")
    never = COPIER.copy(source, "1.0.0", target, "1.0.0", wish=Wish(Referrers.NEVER))
    late = attach(source, build_referrer(image.root.descriptor, "made after the copy"))
    for home in (source, target):
        home.registry.calls.clear()  # type: ignore[attr-defined]
    unchanged = COPIER.copy(source, "1.0.0", target, "1.0.0")
    assert source.registry.calls == [f"resolve {REPOSITORY} 1.0.0"]  # type: ignore[attr-defined]
    assert target.registry.calls == [f"resolve {REPOSITORY} 1.0.0"]  # type: ignore[attr-defined]
    always = COPIER.copy(source, "1.0.0", target, "1.0.0", wish=Wish(Referrers.ALWAYS))
    assert (never.referrers, unchanged.referrers, always.referrers) == (0, 0, 1)
    assert unchanged.adopted
    assert listed(target, image.digest) == (late.digest,)


def test_tags_are_listed_once_in_a_run_and_not_at_all_where_there_are_too_many() -> None:
    source, image = _home(), build_image("inventory")
    for number in range(2002):
        source.registry._tags[REPOSITORY][f"0.0.{number}"] = image.digest  # type: ignore[attr-defined]
    image.push(source.registry, REPOSITORY, "1.0.0")
    sbom = attach(source, build_referrer(image.root.descriptor, "sbom"))
    search = ReferrerSearch()
    for _ in range(2):
        found = search.find(source, read_tree(source, "1.0.0"))
        assert [each.tree.root.digest for each in found] == [sbom.digest]
    calls = [call.split()[0] for call in source.registry.calls]  # type: ignore[attr-defined]
    assert calls.count("tags") == 1


def test_any_digest_has_a_tag_that_registries_take() -> None:
    for algorithm, length in itertools.product(("sha256",), (64,)):
        digest = Digest(algorithm, "a" * length)
        assert fallback_tag(digest) == f"{algorithm}-{'a' * 64}"
    assert fallback_tag(Digest("sha512", "b" * 128)) == f"sha512-{'b' * 64}"


def test_an_artifact_that_is_copied_itself_is_listed_with_its_subject() -> None:
    source, target, image = _home(), _home(), build_image("inventory")
    image.push(source.registry, REPOSITORY, "1.0.0")
    sbom = attach(source, build_referrer(image.root.descriptor, "sbom"))
    source.registry.put_manifest(REPOSITORY, "sbom", sbom.root)
    COPIER.copy(source, "1.0.0", target, "1.0.0", wish=Wish(Referrers.NEVER))
    COPIER.copy(source, "sbom", target, "sbom")
    assert listed(target, image.digest) == (sbom.digest,)
