"""A frame -> its faces, and whether it is safe."""
