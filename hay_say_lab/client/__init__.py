"""The client of a host: finds or starts it, asks, follows, and hands back sound."""
