"""Items that platforms announce: where they lie in the store, and how they are changed."""

from collections.abc import Mapping
from dataclasses import dataclass

from serving_common.store.connection import Store

KEPT = 20_000
"""Changes that the stream keeps, more or less: a replica that is further behind reads all items again."""

_CHANGE = """
-- KEYS: items, owners, changes, count. ARGV: owner, most items, changes to keep, then item, old, new ...
-- An old or new value of '' is none. Gives the items that are not as they were thought to be; -1: too many.
local conflicts, more = {}, 0
for i = 4, #ARGV, 3 do
  local there = redis.call('HGET', KEYS[1], ARGV[i]) or ''
  if there ~= ARGV[i + 1] then table.insert(conflicts, ARGV[i]) end
  if there == '' and ARGV[i + 2] ~= '' then more = more + 1 end
end
if #conflicts > 0 then return conflicts end
if more > 0 and redis.call('HLEN', KEYS[1]) + more > tonumber(ARGV[2]) then return -1 end
for i = 4, #ARGV, 3 do
  local change = { 'n', redis.call('INCR', KEYS[4]), 'o', ARGV[1], 'i', ARGV[i] }
  if ARGV[i + 2] == '' then
    redis.call('HDEL', KEYS[1], ARGV[i])
  else
    redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 2])
    table.insert(change, 'v')
    table.insert(change, ARGV[i + 2])
  end
  redis.call('XADD', KEYS[3], 'MAXLEN', '~', ARGV[3], '*', unpack(change))
end
if redis.call('EXISTS', KEYS[1]) == 1 then redis.call('SADD', KEYS[2], ARGV[1])
else redis.call('SREM', KEYS[2], ARGV[1]) end
return {}
"""


class TooManyError(ValueError):
    """There would be more items than an owner may have."""


@dataclass(frozen=True)
class Keys:
    """The keys of one kind of item: "rooms", "products", "ads"."""

    kind: str

    @property
    def owners(self) -> str:
        """Set of those who have any."""
        return f"liveroom:{self.kind}:owners"

    @property
    def changes(self) -> str:
        """Stream with n, a number without gaps, o for the owner, i for the item, and v unless it is gone."""
        return f"liveroom:{self.kind}:changes"

    @property
    def count(self) -> str:
        """The number of the last change."""
        return f"liveroom:{self.kind}:count"

    def items(self, owner: str) -> str:
        """Hash of an owner's items."""
        return f"liveroom:{self.kind}:of:{owner}"


class Catalog:
    """Writes the items of a kind; any number of replicas may at the same time.

    Args:
        store: where.
        kind: see :class:`Keys`.
        most: items of an owner.
    """

    def __init__(self, store: Store, kind: str, most: int) -> None:
        self._store = store
        self._keys = Keys(kind)
        self._most = most
        self._script = store.script(_CHANGE)

    def read(self, owner: str, items: list[str]) -> dict[str, bytes]:
        """Those of `items` that there are.

        Raises:
            StoreError: the store does not answer.
        """
        found = self._store.ask(lambda client: client.hmget(self._keys.items(owner), items)) if items else []
        return {item: value for item, value in zip(items, found, strict=True) if value is not None}

    def page(self, owner: str, cursor: str, count: int) -> tuple[list[bytes], str]:
        """About `count` items in no order, and where to go on; "" at the beginning, and at the end.

        Raises:
            StoreError: the store does not answer.
        """
        at = int(cursor or "0")
        following, found = self._store.ask(
            lambda client: client.hscan(self._keys.items(owner), at, count=count)
        )
        return list(found.values()), str(following) if following else ""

    def change(self, owner: str, changes: Mapping[str, tuple[bytes | None, bytes | None]]) -> list[str]:
        """Change items from what they were to what they are to be, all or none; None is no item.

        Returns: those that are not what they were thought to be, for which nothing was changed at all.

        Raises:
            StoreError: the store does not answer.
            TooManyError: the owner would have more than it may.
        """
        flat = [part for item, (old, new) in changes.items() for part in (item, old or b"", new or b"")]
        keys = self._keys
        answer = self._script(
            [keys.items(owner), keys.owners, keys.changes, keys.count], [owner, self._most, KEPT, *flat]
        )
        if answer == -1:
            raise TooManyError(f"there would be more than {self._most} {keys.kind}: delete some first")
        return [item.decode() for item in answer] if isinstance(answer, list) else []
