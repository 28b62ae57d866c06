"""Text before it is spoken."""
