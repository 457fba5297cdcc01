"""Is it better than what people would pick instead?"""
