"""Telling people what is new, without storms."""
