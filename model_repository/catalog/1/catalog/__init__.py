"""What platforms announce: rooms that go live and offline, products, ads."""
