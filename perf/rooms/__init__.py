"""How many live rooms does a server carry?"""
