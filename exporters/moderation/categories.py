"""What the head says of a line, in the order of its output; a test compares client and server with it."""

CATEGORIES = ("toxicity", "insult", "hate", "sexism", "sexual", "threat", "self_harm", "spam", "contact")
LEARNED = CATEGORIES[:7]
"""Those that the network gives; the others come from rules of the normalizing stage."""
DEFAULT_THRESHOLD = 0.7
"""From this `toxicity` on a line is flagged, where nothing else is said."""
