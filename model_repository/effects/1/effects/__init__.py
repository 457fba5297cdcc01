"""A room's frame -> the same with another background, smoother skin, stickers and hidden faces."""
