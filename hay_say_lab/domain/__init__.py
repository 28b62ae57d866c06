"""The words of the house (docs/architecture.md, 1): frozen nouns without any machinery."""
