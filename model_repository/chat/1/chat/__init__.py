"""A room's chat, line by line -> what becomes of each, and the mood of those who write."""
