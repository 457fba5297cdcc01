"""What several Python models share. The folder it is in is on the path of each of their processes."""
