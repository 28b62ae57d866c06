"""Retrieval-based voice conversion for Hay Say Lab."""
