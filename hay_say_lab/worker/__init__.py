"""A child process of the host that holds one architecture, and the frames that it and the host exchange."""
