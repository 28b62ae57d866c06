"""Voice conversion without weights: the WORLD vocoder, and Gaussian optimal transport between two
speakers.
"""
