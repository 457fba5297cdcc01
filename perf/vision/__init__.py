"""Is looking at frames fast enough, right, and better than what people would pick instead?"""
