"""What is installed: architectures by entry point, voices as documents."""
