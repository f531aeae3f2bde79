"""A registry over HTTP that takes a blob in one request (OCI distribution-spec v1.1, end-4b), as zot and Quay do."""

from __future__ import annotations

import re
from typing import Final

from support.scripted_http import Received, Reply
from tidegate.errors.registry import BlobMissing, DigestMismatch
from tidegate.model.digest import Digest
from tidegate.model.image import is_tag
from tidegate.model.manifest import Descriptor, Manifest
from tidegate.testing.registry import FakeRegistry

_PATH: Final = re.compile(r"/v2/(?P<repository>.+)/(?P<kind>manifests|blobs|tags|referrers)/(?P<rest>.*)")
_WHOLE: Final = re.compile(r"uploads/[0-9]*\?digest=(?P<digest>.+)")
_MISSING: Final = Reply(404, b'{"errors":[{"code":"MANIFEST_UNKNOWN"}]}')


class WholeRegistry:
    """Answers for what `held` holds; give it to a `ScriptedServer`. It knows uploads in two requests, too."""

    def __init__(self) -> None:
        self.held = FakeRegistry()

    def __call__(self, request: Received) -> Reply:
        """Answer `request`."""
        path = _PATH.fullmatch(request.path)
        assert path, request.line
        repository, rest = path["repository"], path["rest"]
        match request.method, path["kind"]:
            case _, "blobs":
                return self._blobs(request, repository, rest)
            case "HEAD" | "GET", "manifests":
                return self._manifest(repository, rest, head=request.method == "HEAD")
            case "PUT", "manifests":
                return self._put(repository, rest, Manifest(request.fields["Content-Type"], request.body))
            case "GET", "tags":
                return Reply(200, b'{"tags":[]}')
            case "GET", "referrers":
                return Reply(404, b"404 page not found")
        raise AssertionError(f"not planned: {request.line}")

    def _blobs(self, request: Received, repository: str, rest: str) -> Reply:
        whole = _WHOLE.fullmatch(rest)
        if whole:
            return self._store(repository, Digest.parse(whole["digest"]), request.body)
        if request.method == "POST":
            return Reply(202, fields={"Location": f"/v2/{repository}/blobs/uploads/1"})
        digest = Digest.parse(rest)
        try:
            with self.held.read_blob(repository, digest) as pieces:
                return Reply(200, b"".join(pieces))
        except BlobMissing:
            return Reply(404, b'{"errors":[{"code":"BLOB_UNKNOWN"}]}')

    def _manifest(self, repository: str, reference: str, *, head: bool) -> Reply:
        found = self.held.resolve(repository, reference)
        if found is None:
            return _MISSING
        fields = {"Docker-Content-Digest": str(found.digest), "Content-Type": found.media_type}
        if head:
            return Reply(200, fields={**fields, "Content-Length": str(found.size)})
        return Reply(200, self.held.manifest(repository, reference).data, fields)

    def _put(self, repository: str, reference: str, manifest: Manifest) -> Reply:
        if not is_tag(reference) and reference != str(manifest.digest):
            return Reply(400, b'{"errors":[{"code":"DIGEST_INVALID"}]}')
        try:
            self.held.put_manifest(repository, reference, manifest)
        except BlobMissing:
            return Reply(400, b'{"errors":[{"code":"MANIFEST_BLOB_UNKNOWN"}]}')
        return Reply(201, fields={"Docker-Content-Digest": str(manifest.digest)})

    def _store(self, repository: str, digest: Digest, data: bytes) -> Reply:
        try:
            self.held.write_blob(repository, Descriptor("", digest, len(data)), iter((data,)))
        except DigestMismatch:
            return Reply(400, b'{"errors":[{"code":"DIGEST_INVALID"}]}')
        fields = {"Location": f"/v2/{repository}/blobs/{digest}", "Docker-Content-Digest": str(digest)}
        return Reply(201, fields=fields)
