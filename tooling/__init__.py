"""What the commands of the project share: fetched files, locks, progress, and how they end."""
