"""Registry adapters: OCI distribution over HTTP and OCI image-layout folders; the copy between them."""
