"""The target's manifest: which bytes a promotion or a rewrite puts there. Pure."""

from __future__ import annotations

import difflib

from tidegate.engine.declared import DeclaredRelease, parse_declared
from tidegate.engine.observations import DeliverySeen, PromotionSeen
from tidegate.errors.manifest import ImageNotFound
from tidegate.flux import carry_release, not_kept, set_image, without_markers
from tidegate.model import Carry, Deploy, Environment, ImageRef, Service
from tidegate.yamledit import dotted


def promoted_manifest(seen: PromotionSeen, image: ImageRef) -> bytes:
    """Return the bytes of the target's file after the promotion, naming `image` (pinned to a digest).

    `carry: image` edits the target's own file; at a first promotion, and with `carry: release`, the source's
    file is copied, with what `keep` names as the target has it. A setter marker of the source's lane stays
    behind: the target is moved by merge requests alone.

    Raises:
        UnsafeEdit: the file can't be edited without touching other bytes.
    """
    if seen.present is not None and seen.service.carry is Carry.IMAGE:
        return with_image(seen.present, image)
    copied = seen.release.data
    if seen.source.deploy is Deploy.AUTO and seen.target.deploy is not Deploy.AUTO:
        copied = without_markers(copied, seen.release.sites)
    present = seen.present.data if seen.present else None
    keep = seen.service.keep if seen.service.carry is Carry.RELEASE else ()
    carried = carry_release(copied, present, keep, file=seen.target_file)
    return with_image(reread(carried, seen.target_file, seen.target, seen.service), image)


def rewritten_manifest(each: DeliverySeen) -> bytes | None:
    """Return the bytes that a merge request's file gets before the merge; None when it is merged as it stands.

    The reference becomes the target's, and a setter marker that came along from an automatic environment goes.

    Raises:
        UnsafeEdit: the file can't be edited without touching other bytes.
    """
    if each.proposed is None or each.target_image is None or not each.names_source:
        return None
    unmarked = without_markers(each.proposed.data, each.foreign_markers, file=each.proposed.file)
    return set_image(unmarked, each.proposed.sites, each.target_image, file=each.proposed.file)


def changed_in_spite(data: bytes, before: DeclaredRelease | None, service: Service, file: str) -> tuple[str, ...]:
    """Return the paths that `keep:` of `service` names at which `data` does not say what stands there, with dots."""
    return tuple(dotted(path) for path in not_kept(data, before.data if before else None, service.keep, file=file))


def reread(data: bytes, file: str, environment: Environment, service: Service) -> DeclaredRelease:
    """Return what `data` declares of `service`.

    Raises:
        ImageNotFound: it does not name the service's image.
    """
    declared = parse_declared({file: data}, "", environment, service)
    if declared is None:
        raise ImageNotFound(
            f"{file} does not name the image of {service.name}", where=file, hint="see `tidegate manifest images`"
        )
    return declared


def with_image(declared: DeclaredRelease, image: ImageRef) -> bytes:
    """Return the declared file with `image` (pinned to a digest) at every site of the service.

    A site that carries a digest gets the new one; a site without stays without.
    """
    return set_image(declared.data, declared.sites, image, file=declared.file)


def manifest_diff(before: bytes | None, after: bytes, file: str) -> str:
    """Return the unified diff of one file; "" when nothing changes. `before` None: the file is new."""
    old, new = _lines(before or b""), _lines(after)
    lines = difflib.unified_diff(old, new, f"a/{file}" if before is not None else "/dev/null", f"b/{file}")
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def _lines(data: bytes) -> list[str]:
    """Return the lines as git counts them: nothing but LF ends one."""
    *lines, last = data.decode("utf-8", "replace").split("\n")
    return [*(f"{line}\n" for line in lines), *([last] if last else [])]
