"""Beeps for words: the smallest architecture."""
