"""What chat looks like to the head of `moderation`: normalized, read in several ways, hashed."""
