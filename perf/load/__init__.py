"""What drives a server, and reads what that cost it."""
