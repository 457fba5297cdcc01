"""Speech of text in Chinese and English, clause by clause."""
