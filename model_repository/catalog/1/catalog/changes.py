"""Changes of one request, made whole or not at all."""

from __future__ import annotations

from catalog.kinds import KINDS, ItemError, Kind, merged, object_of
from serving_common.store import Store
from serving_common.store.catalog import Catalog

MOST = 1000
"""Changes of a request."""
PAGE = 500
"""Items of a page of a list, more or less."""
TRIES = 5
"""How often a change is tried that others make at the same time."""


class ConflictError(RuntimeError):
    """Others went on changing the same items."""


class Changes:
    """Makes changes of all kinds in one store."""

    def __init__(self, store: Store) -> None:
        self._catalogs = {name: Catalog(store, name, kind.most) for name, kind in KINDS.items()}

    def make(self, kind: str, owner: str, changes: list[bytes]) -> list[bytes]:
        """The items after `changes`, in their order; b"null" for those that are gone.

        Raises:
            ItemError: one cannot be made, so none was.
            TooManyError, ConflictError: likewise.
            StoreError: the store did not answer; whether they were made is not known. Make them again.
        """
        if len(changes) > MOST:
            raise ItemError(f"{len(changes)} changes: a request has at most {MOST}")
        asked = [object_of(change, number, len(changes)) for number, change in enumerate(changes, 1)]
        names = list(dict.fromkeys(str(change["id"]) for change in asked))
        catalog = self._catalogs[kind]
        for _ in range(TRIES):
            old = catalog.read(owner, names)
            new: dict[str, bytes | None] = {name: old.get(name) for name in names}
            answers = []
            for change in asked:
                new[change["id"]] = merged(KINDS[kind], new[change["id"]], change)
                answers.append(new[change["id"]] or b"null")
            different = {name: (old.get(name), new[name]) for name in names if new[name] != old.get(name)}
            if not different or not catalog.change(owner, different):
                return answers
        raise ConflictError(f"{names[0]!r} and others are changed by somebody else all the time: try again")

    def listed(self, kind: str, owner: str, cursor: str) -> tuple[list[bytes], str]:
        """A page of items, and the cursor of the next; "" after the last.

        Raises:
            ItemError: `cursor` is none.
            StoreError: the store did not answer.
        """
        if cursor and not cursor.isdecimal():
            raise ItemError(
                f"cursor is {cursor!r:.40}: use one that a page before gave, or an empty one to begin"
            )
        return self._catalogs[kind].page(owner, cursor, PAGE)


def owner_of(kind: str, tenant: str, catalog: str) -> str:
    """Whose items are meant.

    Raises:
        ItemError: there is no such kind, or it has no catalogs.
    """
    found: Kind | None = KINDS.get(kind)
    if found is None:
        raise ItemError(f"kind is {kind!r:.40}: use {' or '.join(KINDS)}")
    if catalog and not found.named:
        raise ItemError(f"catalog is {catalog!r:.40}: {kind} have none, leave it out")
    if len(catalog.encode()) > 128:
        raise ItemError(f"catalog is {catalog!r:.40}...: a name has at most 128 bytes in UTF-8")
    return f"{tenant}/{catalog}"
