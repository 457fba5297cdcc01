"""What the models that listen agree upon."""

SAMPLE_RATE = 16_000
"""Hz, of all audio inside."""
LOWEST_RATE, HIGHEST_RATE = 8_000, 48_000
"""Hz, of what a client may send."""
LOUDEST = 16.0
"""Float samples beyond [-1, 1] are clipped; beyond this they were never scaled to it."""
VOICE_WINDOW = 512
"""Samples that voice_activity gives a probability for."""
SPEECH = 0.5
"""Silero's own threshold of that probability."""
LONGEST_SEGMENT = 12.0
"""Seconds of a room's longest segment."""
