"""The store that replicas share: a real one, killed, stopped and emptied."""

import os
import signal
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from server import process
from server import store as server_store
from server.errors import ServerError
from server.store import EmbeddedStore, NoProgramError
from serving_common.store import Follower, Store, StoreError, connect
from serving_common.store.catalog import Catalog, Keys, TooManyError
from serving_common.store.connection import PATIENCE_S, REST_S, named
from tests.waiting import until


class Mirror:
    """What a replica knows."""

    def __init__(self) -> None:
        self.known: dict[str, dict[str, bytes]] = {}
        self.replaced = 0

    def replace(self, owner: str, items: Mapping[str, bytes]) -> None:
        self.known[owner] = dict(items)
        self.replaced += 1

    def change(self, owner: str, item: str, value: bytes | None) -> None:
        items = self.known.setdefault(owner, {})
        if value is None:
            items.pop(item, None)
        else:
            items[item] = value


class Running:
    """A store, and what it said of itself."""

    def __init__(self, state: Path | None = None) -> None:
        self.folder = process.fresh_folder("triton")
        self.said: list[str] = []
        self.store = EmbeddedStore(self.folder, state, self.said.append)
        self.store.begin()
        self.address = self.store.address

    @property
    def pid(self) -> int:
        assert self.store._process is not None
        return self.store._process.pid

    def close(self) -> None:
        self.store.close()
        process.remove_folder(self.folder)


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    running = Running(tmp_path)
    yield running
    running.close()


@pytest.fixture
def store(running: Running) -> Iterator[Store]:
    store = Store(running.address)
    yield store
    store.close()


@pytest.fixture
def rooms(store: Store) -> Catalog:
    return Catalog(store, "rooms", most=1000)


@pytest.fixture
def mirror(running: Running) -> Iterator[tuple[Mirror, Follower]]:
    mirror = Mirror()
    follower = Follower(running.address, "rooms", mirror)
    follower.start()
    assert follower.whole.wait(5)
    yield mirror, follower
    follower.close()


def put(rooms: Catalog, name: str, value: bytes, old: bytes | None = None) -> list[str]:
    return rooms.change("acme", {name: (old, value)})


def test_a_change_is_mirrored_and_read_back(rooms: Catalog, mirror: tuple[Mirror, Follower]) -> None:
    seen, follower = mirror
    assert put(rooms, "r1", b"one") == []
    assert rooms.read("acme", ["r1", "r2"]) == {"r1": b"one"}
    assert until(lambda: seen.known.get("acme") == {"r1": b"one"}, 2)
    assert rooms.change("acme", {"r1": (b"one", None)}) == []
    assert until(lambda: seen.known["acme"] == {}, 2)
    assert follower.age() < 2


def test_what_was_changed_by_another_meanwhile_is_not_overwritten(rooms: Catalog) -> None:
    put(rooms, "r1", b"one")
    assert put(rooms, "r1", b"two") == ["r1"]
    assert rooms.change("acme", {"r1": (b"other", None), "r2": (None, b"new")}) == ["r1"]
    assert rooms.read("acme", ["r1", "r2"]) == {"r1": b"one"}


def test_no_more_items_than_an_owner_may_have(store: Store) -> None:
    few = Catalog(store, "rooms", most=2)
    few.change("acme", {"a": (None, b"1"), "b": (None, b"1")})
    with pytest.raises(TooManyError, match="more than 2 rooms"):
        few.change("acme", {"c": (None, b"1")})
    assert few.change("acme", {"a": (b"1", b"2")}) == []
    assert few.change("other", {"c": (None, b"1")}) == []


def test_one_that_comes_later_reads_all(rooms: Catalog, running: Running) -> None:
    rooms.change("acme", {f"r{i}": (None, b"x") for i in range(1000)})
    mirror = Mirror()
    follower = Follower(running.address, "rooms", mirror)
    follower.start()
    try:
        assert follower.whole.wait(5)
        assert len(mirror.known["acme"]) == 1000
        assert mirror.replaced == 1
    finally:
        follower.close()


def test_a_killed_store_comes_back_with_what_it_held(
    rooms: Catalog, mirror: tuple[Mirror, Follower], running: Running
) -> None:
    seen, follower = mirror
    put(rooms, "r1", b"one")
    time.sleep(1.2)  # it writes to disk once a second
    os.kill(running.pid, signal.SIGKILL)
    assert until(lambda: running.said, 5)
    assert until(lambda: follower.age() < 1 and seen.replaced, 10)
    assert seen.known["acme"] == {"r1": b"one"}
    assert until(lambda: _read(rooms), 5)
    put(rooms, "r1", b"two", b"one")
    assert until(lambda: seen.known["acme"] == {"r1": b"two"}, 5)
    assert "starting it again" in running.said[0]


def _read(rooms: Catalog) -> Mapping[str, bytes]:
    try:
        return rooms.read("acme", ["r1"])
    except StoreError:
        return {}


def test_a_stopped_store_holds_nobody_up(
    rooms: Catalog, mirror: tuple[Mirror, Follower], running: Running
) -> None:
    seen, follower = mirror
    put(rooms, "r1", b"one")
    assert until(lambda: seen.known.get("acme"), 2)
    os.kill(running.pid, signal.SIGSTOP)
    try:
        began = time.monotonic()
        for _ in range(100):
            with pytest.raises(StoreError, match="failed"):
                rooms.read("acme", ["r1"])
        assert time.monotonic() - began < PATIENCE_S + REST_S
        assert until(lambda: follower.age() > 1, 5)
        assert seen.known["acme"] == {"r1": b"one"}
    finally:
        os.kill(running.pid, signal.SIGCONT)
    assert until(lambda: follower.age() < 1, 5)
    assert until(lambda: _read(rooms), 5)


def test_an_emptied_store_is_noticed(rooms: Catalog, store: Store, mirror: tuple[Mirror, Follower]) -> None:
    seen, _ = mirror
    put(rooms, "r1", b"one")
    assert until(lambda: seen.known.get("acme"), 2)
    store.ask(lambda client: client.flushall())
    assert until(lambda: not seen.known["acme"], 5)


def test_a_change_that_was_missed_makes_a_replica_read_all_again(
    rooms: Catalog, store: Store, mirror: tuple[Mirror, Follower]
) -> None:
    seen, _ = mirror
    put(rooms, "r1", b"one")
    assert until(lambda: seen.known.get("acme"), 2)
    replaced = seen.replaced
    store.ask(lambda client: client.incr(Keys("rooms").count))
    put(rooms, "r2", b"two")
    assert until(lambda: len(seen.known["acme"]) == 2 and seen.replaced > replaced, 5)


def test_a_full_store_says_so(store: Store, rooms: Catalog) -> None:
    store.ask(lambda client: client.config_set("maxmemory", 1))
    with pytest.raises(StoreError, match="maxmemory"):
        put(rooms, "r1", b"one")
    store.ask(lambda client: client.config_set("maxmemory", "1gb"))
    assert put(rooms, "r1", b"one") == []


def test_data_outlives_the_server_and_belongs_to_one(tmp_path: Path) -> None:
    first = Running(tmp_path)
    store = Store(first.address)
    put(Catalog(store, "rooms", 10), "r1", b"one")
    store.close()
    second = Running(tmp_path)
    assert "belongs to another server" in second.said[0]
    second.close()
    first.close()
    third = Running(tmp_path)
    store = Store(third.address)
    assert Catalog(store, "rooms", 10).read("acme", ["r1"]) == {"r1": b"one"}
    store.close()
    third.close()
    assert third.said == []


@pytest.mark.parametrize("address", ["", "http://127.0.0.1:1", "redis://"])
def test_an_address_that_is_none_says_what_would_be_one(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIVEROOM_STORE", address)
    with pytest.raises(ValueError, match=r"LIVEROOM_STORE is .*redis://"):
        connect()


def test_no_password_is_shown() -> None:
    assert named("rediss://me:s3cret@cache:6379/0") == "rediss://cache:6379/0"
    with pytest.raises(StoreError) as raised:
        Store("redis://:s3cret@127.0.0.1:1").ask(lambda client: client.ping())
    assert "s3cret" not in str(raised.value)


def test_without_a_program_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_store, "PACKAGE", "no_such_package")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NoProgramError, match=r"LIVEROOM_STORE .*valkey-server"):
        EmbeddedStore(tmp_path, None, print)


def test_a_folder_that_cannot_be_written_is_no_reason_not_to_start(tmp_path: Path) -> None:
    (tmp_path / "store").write_text("no folder")
    running = Running(tmp_path)
    try:
        assert "can't be written" in running.said[0]
        assert "LIVEROOM_STATE" in running.said[0]
        store = Store(running.address)
        assert put(Catalog(store, "rooms", 10), "r1", b"one") == []
        store.close()
    finally:
        running.close()


def test_data_that_cannot_be_read_is_told_of_soon(tmp_path: Path) -> None:
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "appendonly.aof").write_text("no data of a store\n")
    began = time.monotonic()
    with pytest.raises(ServerError, match=f"did not start on {tmp_path}"):
        Running(tmp_path)
    assert time.monotonic() - began < 5
