"""The host: a process of its own, one per data home, that owns database, scheduler, registry and workers."""
