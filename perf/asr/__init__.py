"""Is speech recognition faster than faster-whisper?"""
