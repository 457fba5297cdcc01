"""What a client sends -> what the ASR models listen to."""
