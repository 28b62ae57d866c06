"""Networks that several architectures share. Importing a module of it imports torch; importing the package does not."""
