"""`make bench`: figures of this machine, as JSON and as docs/benchmarks.md."""
