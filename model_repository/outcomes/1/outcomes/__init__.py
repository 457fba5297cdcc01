"""What viewers did, and what came of what was recommended to them."""
