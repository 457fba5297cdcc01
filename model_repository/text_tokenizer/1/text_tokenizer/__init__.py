"""Lines of text -> the pieces of words that networks look up."""
