"""The Jupyter server extension: the host's face in Jupyter, and the one who looks after it."""
