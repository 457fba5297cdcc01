"""A piece of speech -> how excited and how pleased the voice is, for this speaker."""
