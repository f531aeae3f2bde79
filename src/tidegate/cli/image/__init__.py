"""`tidegate image`: images in registries and in image-layout folders."""
