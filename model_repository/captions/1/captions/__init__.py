"""A room's audio, chunk by chunk -> partial and final captions with timestamps."""
