"""Proxies out of the environment: loopback goes through none, and one that is used is named."""

import pytest
from liveroom._connection_advice import unreached

DEAD = "http://someone:secret@127.0.0.1:9"


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("grpc_proxy", "https_proxy", "http_proxy", "no_proxy", "no_grpc_proxy"):
        monkeypatch.delenv(name, raising=False)


def test_a_proxy_that_is_used_is_named_without_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", DEAD)
    said = unreached("captions.example:8001")
    assert "through the proxy of http_proxy (127.0.0.1:9)" in said
    assert "secret" not in said


@pytest.mark.parametrize(
    "url",
    [
        "localhost:8001",
        "127.0.0.2:8001",
        "[::1]:8001",
        "[::ffff:127.0.0.2]:8001",
        "0.0.0.0:8001",
        "a.localhost:8001",
    ],
)
def test_loopback_is_said_to_go_through_no_proxy(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("grpc_proxy", DEAD)
    assert "proxy" not in unreached(url)


@pytest.mark.parametrize("exception", ["example", "captions.example", "*"])
def test_a_host_in_no_proxy_is_said_to_go_through_none(
    exception: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("https_proxy", DEAD)
    monkeypatch.setenv("no_proxy", f"other, {exception}")
    assert "proxy" not in unreached("captions.example:8001")
