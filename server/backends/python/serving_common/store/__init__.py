"""State that replicas share: what is live, catalogues, budgets, caps. It lies in a Valkey or Redis."""

from serving_common.store.connection import Store, StoreError, connect
from serving_common.store.follower import Follower, Listener

__all__ = ["Follower", "Listener", "Store", "StoreError", "connect"]
