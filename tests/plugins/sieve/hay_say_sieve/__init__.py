"""A separator and an effect: the smallest architecture that serves others."""
