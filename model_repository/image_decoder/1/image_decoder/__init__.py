"""A file's bytes -> an upright frame, and small views of all of it."""
