"""Voice conversion without weights: the WORLD vocoder, and optimal transport between two speakers."""
