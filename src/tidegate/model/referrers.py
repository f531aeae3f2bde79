"""Referrers: manifests that tell something of another one, their subject: signatures, SBOMs, attestations.

Follows OCI distribution-spec v1.1, "Listing Referrers" and "Referrers Tag Schema", image-spec `manifest.md` (subject),
and cosign's older convention of tags (sigstore/cosign, `pkg/oci/remote/remote.go`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from tidegate.errors.model import InvalidDigest
from tidegate.errors.registry import ManifestInvalid
from tidegate.model.digest import Digest
from tidegate.model.manifest import OCI_INDEX, Manifest, json_object

Entry = Mapping[str, object]
"""A descriptor of a referrer as JSON has it, with `artifactType` and `annotations`; kept as it was found."""

_HEXADECIMAL: Final = "0123456789abcdef"
_SHORTEST: Final = 64
_COSIGN_SUFFIXES: Final = (".sig", ".att", ".sbom")


def fallback_tag(subject: Digest) -> str:
    """Return the tag under which the referrers of `subject` are listed where a registry has no Referrers API."""
    return f"{subject.algorithm[:32]}-{subject.hex[:64]}"


def cosign_tags(subject: Digest) -> tuple[str, ...]:
    """Return the tags under which cosign keeps what belongs to `subject`."""
    return tuple(f"{subject.algorithm}-{subject.hex}{suffix}" for suffix in _COSIGN_SUFFIXES)


def is_attaching_tag(tag: str) -> bool:
    """Return whether it is a tag by which something is attached: the fallback tag, or one of cosign's."""
    algorithm, _, rest = tag.partition("-")
    named = rest.partition(".")[0]
    return algorithm in {"sha256", "sha384", "sha512"} and len(named) >= _SHORTEST and not named.strip(_HEXADECIMAL)


def subject_of(manifest: Manifest) -> Digest | None:
    """Return the digest of the manifest that `manifest` tells of, or None when it has no subject."""
    document = json_object(manifest.data) or {}
    subject = document.get("subject")
    return _digest(subject) if isinstance(subject, dict) else None


def entry_of(manifest: Manifest) -> Entry:
    """Return how a list of referrers names `manifest`."""
    document = json_object(manifest.data) or {}
    config = document.get("config")
    artifact_type = document.get("artifactType") or (config.get("mediaType") if isinstance(config, dict) else None)
    annotations = document.get("annotations")
    return {
        "mediaType": manifest.media_type,
        "digest": str(manifest.digest),
        "size": len(manifest.data),
        **({"artifactType": artifact_type} if isinstance(artifact_type, str) else {}),
        **({"annotations": annotations} if isinstance(annotations, dict) and annotations else {}),
    }


@dataclass(frozen=True, slots=True)
class ReferrerList:
    """The referrers of one manifest: the answer of the Referrers API, or the index under the fallback tag.

    Args:
        entries: in order; what other tools wrote is kept as it is.
        rest: the index's other fields.
        kept: the registry lists what is put by itself; else whoever puts a referrer writes the index, too.
    """

    entries: tuple[Entry, ...] = ()
    rest: Mapping[str, object] | None = None
    kept: bool = True

    @classmethod
    def parse(cls, data: bytes, where: str) -> ReferrerList:
        """Return the list that the index `data` holds.

        Raises:
            ManifestInvalid: it is no index; `where` says which.
        """
        document = dict(json_object(data) or {})
        entries = document.pop("manifests", "")
        if entries is None:  # as Go writes a list that it left empty
            entries = []
        if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
            hint = "see what another tool wrote there; delete the tag if it is nothing, or copy with --referrers never"
            raise ManifestInvalid("the list of referrers is no index", where=where, hint=hint)
        return cls(tuple(entries), document)

    @property
    def digests(self) -> tuple[Digest, ...]:
        """The referrers' digests, each once; entries without a valid one are left out."""
        found = (_digest(entry) for entry in self.entries)
        return tuple(dict.fromkeys(digest for digest in found if digest is not None))

    def with_entries(self, entries: Iterable[Entry]) -> ReferrerList:
        """Return the list with those of `entries` that it lacks at its end; itself when it lacks none."""
        known = set(self.digests)
        new = tuple(entry for entry in entries if _digest(entry) not in known)
        return replace(self, entries=(*self.entries, *new)) if new else self

    def only(self, there: Callable[[Digest], bool]) -> ReferrerList:
        """Return the list without the referrers that are not `there`; itself when all are."""
        gone = {digest for digest in self.digests if not there(digest)}
        kept = tuple(entry for entry in self.entries if _digest(entry) not in gone)
        return replace(self, entries=kept) if gone else self

    def manifest(self) -> Manifest:
        """Return the index for the fallback tag."""
        import json  # noqa: PLC0415 - as in `tidegate.model.manifest`

        head = self.rest if self.rest is not None else {"schemaVersion": 2, "mediaType": OCI_INDEX}
        return Manifest(OCI_INDEX, json.dumps({**head, "manifests": self.entries}, separators=(",", ":")).encode())


def _digest(entry: Entry) -> Digest | None:
    text = entry.get("digest")
    try:
        return Digest.parse(text) if isinstance(text, str) else None
    except InvalidDigest:
        return None
