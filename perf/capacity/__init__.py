"""How many nodes for so many rooms, what scales them, and what that costs?"""
