"""Thin client of a liveroom inference cluster."""
