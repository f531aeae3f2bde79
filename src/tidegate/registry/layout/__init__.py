"""The registry port over folders (OCI image-layout)."""
