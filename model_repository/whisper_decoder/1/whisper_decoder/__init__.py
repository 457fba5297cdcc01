"""Encoder states -> text and language."""
