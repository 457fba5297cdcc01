"""Lines of chat -> what `sentiment_classifier` looks up of them."""
