"""How fast is each model, and how near to what the machine could do without a server?"""
