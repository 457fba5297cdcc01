"""What viewers did, in the order in which it was reported: a stream that all replicas read."""

from serving_common.store.connection import Store

STREAM = "liveroom:outcomes"
"""Stream with o for the owner and v for the outcome in JSON."""
KEPT = 500_000
"""Outcomes that the stream keeps, more or less."""
MEMORY_S = 900
"""For so long an outcome that is reported again is known."""

_REPORT = """
-- KEYS: stream. ARGV: owner, outcomes to keep, seconds of memory, then id, outcome ...
-- Gives 1 for each that is new.
local new = {}
for i = 4, #ARGV, 2 do
  if redis.call('SET', KEYS[1] .. ':seen:' .. ARGV[1] .. ':' .. ARGV[i], 1, 'NX', 'EX', ARGV[3]) then
    redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[2], '*', 'o', ARGV[1], 'v', ARGV[i + 1])
    table.insert(new, 1)
  else
    table.insert(new, 0)
  end
end
return new
"""


class Journal:
    """Writes outcomes, once each."""

    def __init__(self, store: Store) -> None:
        self._script = store.script(_REPORT)

    def report(self, owner: str, outcomes: list[tuple[str, bytes]]) -> list[bool]:
        """Of each, id and JSON, whether it is new.

        Raises:
            StoreError: the store did not answer; report them again.
        """
        if not outcomes:
            return []
        flat = [part for outcome in outcomes for part in outcome]
        found = self._script([STREAM], [owner, KEPT, MEMORY_S, *flat])
        return [bool(new) for new in found] if isinstance(found, list) else []
