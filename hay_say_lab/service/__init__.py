"""The REST face of the host: parse, call, answer."""
