"""What changed between two results, and what is only noise?"""
