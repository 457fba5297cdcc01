"""Text: how many lines of chat are judged in a second, how soon one is, and what Detoxify's network takes."""
