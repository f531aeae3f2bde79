"""The registry port over HTTP (OCI distribution-spec)."""
