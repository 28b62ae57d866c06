"""Parity: our networks against the official ones, by cases without weights. `make parity CASES=<folder>`."""
