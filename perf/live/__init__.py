"""One live room, heard and seen as it is played: what `make live` runs."""
