"""Webhooks: from bytes and headers to keys. They say where to look, and nothing in them is believed."""
