"""How many servers for so many rooms, what should scale them, and what does that cost?"""
