"""Reading tables of outside data (TOML, JSON) key by key, so that what is wrong is said where it is."""

from collections.abc import Mapping


class Table:
    """A table with string keys. where: its name in messages.

    Every method takes a key and what to return where the key is missing. All raise ValueError, which names
    the table, the key and the value, where there is something else.
    """

    def __init__(self, data: object, where: str) -> None:
        if not isinstance(data, Mapping):
            raise ValueError(f"{where} is {data!r}: expected a table")
        self._data = data
        self._asked: list[str] = []
        self.where = where

    def text(self, key: str, default: str) -> str:
        """A string."""
        value = self._take(key, default)
        if not isinstance(value, str):
            raise self.wrong(key, "a string")
        return value

    def number(self, key: str, default: float) -> float:
        """A number."""
        value = self._take(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.wrong(key, "a number")
        return value

    def whole(self, key: str, default: int) -> int:
        """A whole number."""
        value = self._take(key, default)
        if isinstance(value, bool) or not isinstance(value, int):
            raise self.wrong(key, "a whole number")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of strings; without the key an empty one."""
        value = self._take(key, [])
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self.wrong(key, "a list of strings")
        return tuple(value)

    def wholes(self, key: str) -> tuple[int, ...]:
        """A list of whole numbers, 1 or more; without the key an empty one."""
        value = self._take(key, [])
        whole = isinstance(value, list) and all(type(item) is int and item > 0 for item in value)
        if not isinstance(value, list) or not whole:
            raise self.wrong(key, "a list of whole numbers, 1 or more")
        return tuple(value)

    def has(self, key: str) -> bool:
        """Whether the key is there."""
        self._asked.append(key)
        return key in self._data

    def tables(self, key: str) -> "list[Table]":
        """A list of tables, at least one."""
        value = self._take(key, [])
        if not isinstance(value, list) or not value:
            raise self.wrong(key, f"at least one [[{key}]]")
        return [Table(item, f"{self.where}, {key} {number}") for number, item in enumerate(value, 1)]

    def table(self, key: str) -> "Table":
        """A table, which has to be there."""
        if key not in self._data:
            raise self.wrong(key, f"{key} = {{...}}")
        return Table(self._take(key, None), f"{self.where}, {key}")

    def only(self) -> None:
        """That there is no key besides those that were asked for."""
        for key in self._data:
            if key not in self._asked:
                known = ", ".join(dict.fromkeys(self._asked))
                raise ValueError(f"{self.where} has {key!r}: expected {known}")

    def wrong(self, key: str, expected: str) -> ValueError:
        """What to raise for a value that is not as expected."""
        found = f"is {self._data[key]!r}" if key in self._data else "is missing"
        return ValueError(f"{self.where}: {key} {found}: expected {expected}")

    def _take(self, key: str, default: object) -> object:
        self._asked.append(key)
        return self._data.get(key, default)
