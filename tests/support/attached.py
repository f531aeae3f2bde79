"""What is attached to an image, as other tools leave it at a registry, and as a registry lists it."""

from __future__ import annotations

from tidegate.model.digest import Digest
from tidegate.model.referrers import ReferrerList, fallback_tag, subject_of
from tidegate.registry.referrers import list_at
from tidegate.registry.tree import Home
from tidegate.testing.images import BuiltImage


def attach(home: Home, referrer: BuiltImage) -> BuiltImage:
    """Push `referrer` as other tools do, with the fallback index where the registry has no API; return it."""
    referrer.push(home.registry, home.repository, str(referrer.digest))
    subject = subject_of(referrer.root)
    assert subject
    list_at(home, subject, [referrer.root])
    return referrer


def listed(home: Home, subject: Digest) -> tuple[Digest, ...]:
    """Return what the registry lists as attached to `subject`, by its API or by the fallback tag."""
    found = home.registry.referrers(home.repository, subject)
    if found is not None:
        return found.digests
    if home.registry.resolve(home.repository, fallback_tag(subject)) is None:
        return ()
    data = home.registry.manifest(home.repository, fallback_tag(subject)).data
    return ReferrerList.parse(data, "the fallback tag").digests
