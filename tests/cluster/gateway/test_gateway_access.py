"""Who gets through the gateway, and to what."""

import hmac
import json
import time
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Callable
from http.client import HTTPConnection
from pathlib import Path

import grpc
import numpy as np
import pytest
from liveroom import Client, LiveroomError
from tritonclient.grpc import InferenceServerClient, service_pb2
from tritonclient.utils import InferenceServerException

from cluster.credentials import AUDIENCE, ISSUER, Credentials
from cluster.machine import LOOPBACK
from server import Triton
from server.launch import admin_headers
from tests.cluster.gateway.calling import PATIENCE_S, Front, failure, request
from tests.cluster.gateway.conftest import ADMIN_KEY

SERVICE = service_pb2.DESCRIPTOR.services_by_name["GRPCInferenceService"]
ALLOWED = {
    "ModelInfer",
    "ModelMetadata",
    "ModelReady",
    "ModelStreamInfer",
    "ServerLive",
    "ServerMetadata",
    "ServerReady",
}
CLAIMS = {"iss": ISSUER, "aud": AUDIENCE, "tenant": "demo"}
UNAUTHENTICATED, DENIED = grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.PERMISSION_DENIED

Refused = tuple[grpc.StatusCode, str]


def outcome(channel: grpc.Channel, path: str = "/inference.GRPCInferenceService/ServerLive") -> Refused:
    """How a call with nothing but the name of a model ends."""
    forged = (("x-tenant", "forged"), ("x-certificate", "forged"), ("x-tenant-class", "forged"))
    call = channel.unary_unary(path)
    try:
        call(request("identity").SerializeToString()[:10], timeout=PATIENCE_S, metadata=forged)
    except grpc.RpcError as error:
        return failure(error)
    return grpc.StatusCode.OK, ""


def unsigned(credentials: Credentials, algorithm: str = "none") -> str:
    """A token that says of itself that it is not signed, or how else it is."""
    parts = [{"alg": algorithm, "kid": "local"}, CLAIMS | {"exp": time.time() + 60}]
    text = b".".join(urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in parts)
    signature = hmac.digest(credentials.jwks.read_bytes(), text, "sha256")
    return b".".join([text, urlsafe_b64encode(signature).rstrip(b"=")]).decode()


def symmetric(credentials: Credentials) -> str:
    """One signed with the public key as if that were a shared secret."""
    return unsigned(credentials, "HS256")


REFUSED: dict[str, tuple[Callable[[Credentials], str | None], Refused]] = {
    "none": (lambda _: None, (UNAUTHENTICATED, "Jwt is missing")),
    "expired": (lambda c: c.token("demo", lifetime_s=-60), (UNAUTHENTICATED, "Jwt is expired")),
    "for ever": (lambda c: c.token("demo", exp=None), (UNAUTHENTICATED, "Jwt verification fails")),
    "for a year": (lambda c: c.token("demo", 3e7), (UNAUTHENTICATED, "Jwt verification fails")),
    "issuer": (lambda c: c.token("demo", iss="me"), (UNAUTHENTICATED, "Jwt issuer is not configured")),
    "audience": (lambda c: c.token("demo", aud="all"), (DENIED, "Audiences in Jwt are not allowed")),
    "unsigned": (unsigned, (UNAUTHENTICATED, "")),
    "symmetric": (symmetric, (UNAUTHENTICATED, "")),
    "no tenant": (lambda c: c.token(None), (DENIED, "RBAC: access denied")),
    "two tenants": (lambda c: c.token("a,b"), (DENIED, "RBAC: access denied")),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refuses_tokens(front: Front, case: str) -> None:
    make, (code, details) = REFUSED[case]
    with front.channel(make(front.credentials)) as channel:
        refused = outcome(channel)
    assert refused[0] is code
    assert details in refused[1]


def test_refuses_the_tokens_of_another_key(front: Front, tmp_path: Path) -> None:
    foreign = Credentials.create(tmp_path).token("demo")
    with front.channel(foreign) as channel:
        assert outcome(channel) == (UNAUTHENTICATED, "Jwt verification fails")


def test_a_tenant_is_who_the_token_says(front: Front) -> None:
    """Whatever headers the client makes up."""
    with front.channel(front.credentials.token("acme")) as channel:
        assert outcome(channel)[0] is grpc.StatusCode.OK
    [logged] = front.logged(1)
    assert logged["tenant"] == "acme"
    assert uuid.UUID(str(logged["request"]))  # by which the call is found elsewhere
    assert logged["client_request"] is None


FORGED = 'mine", "tenant": "other", "request": "'


def test_what_a_client_calls_its_request_is_kept_apart_from_the_gateways_own_id(front: Front) -> None:
    """And can be anything but another field, another line, or long."""
    mine = str(uuid.uuid4())
    with front.channel(front.credentials.token("acme")) as channel:
        call = channel.unary_unary("/inference.GRPCInferenceService/ServerLive")
        for sent in (mine, FORGED, 5000 * "x"):
            headers = (("x-request-id", sent), ("x-client-request-id", "forged"))
            call(b"", timeout=PATIENCE_S, metadata=headers)
    logged = front.logged(3)
    assert [each["client_request"] for each in logged] == [mine, FORGED[:64], 64 * "x"]
    assert {each["tenant"] for each in logged} == {"acme"}
    own = {str(uuid.UUID(str(each["request"]))) for each in logged}
    assert len(own - {mine}) == 3


def test_an_error_of_the_client_names_its_line_in_the_log(front: Front) -> None:
    url, ca = f"grpcs://{LOOPBACK}:{front.gateway.port}", front.credentials.ca
    with Client(url, token=front.credentials.token("acme"), ca=ca) as client:
        with pytest.raises(LiveroomError) as unary:
            client.transcribe(np.zeros(1600, np.int16), 16_000)
        with pytest.raises(LiveroomError) as stream, client.room("none") as room:
            room.send_audio(np.zeros(1600, np.int16), 16_000)
    lines = front.logged(40)
    methods = {(str(line["client_request"]), str(line["path"]).rpartition("/")[2]) for line in lines}
    for error, method in ((unary.value, "ModelInfer"), (stream.value, "ModelStreamInfer")):
        assert f"(request {error.request_id})" in str(error)
        assert (error.request_id, method) in methods


def test_the_class_of_a_tenant_is_what_the_token_says(front: Front) -> None:
    """Or "other", whatever the client makes up: a server would take a parameter where there is no header."""
    with front.channel(front.credentials.token("acme", tenant_class="paid")) as channel:
        assert outcome(channel)[0] is grpc.StatusCode.OK
    with front.channel(front.credentials.token("acme")) as channel:
        assert outcome(channel)[0] is grpc.StatusCode.OK
    with front.channel(certificate="acme") as channel:
        assert outcome(channel)[0] is grpc.StatusCode.OK
    assert [logged["class"] for logged in front.logged(3)] == ["paid", "other", "other"]


def test_a_certificate_stands_for_a_token(front: Front) -> None:
    with front.channel(certificate="acme-by-certificate") as channel:
        assert outcome(channel)[0] is grpc.StatusCode.OK
    assert front.logged(1)[0]["tenant"] == "acme-by-certificate"
    with front.channel(certificate="no.tenant") as channel:
        assert outcome(channel) == (UNAUTHENTICATED, "Jwt is missing")


def test_refuses_the_certificates_of_others(front: Front, tmp_path: Path) -> None:
    """Those of another authority, and the gateway's own."""
    foreign = Credentials.create(tmp_path).client_certificate("acme")
    for certificate, key in (foreign, (front.credentials.certificate, front.credentials.key)):
        secrets = grpc.ssl_channel_credentials(
            front.credentials.ca.read_bytes(), key.read_bytes(), certificate.read_bytes()
        )
        with grpc.secure_channel(f"127.0.0.1:{front.gateway.port}", secrets) as channel:
            assert outcome(channel)[0] is grpc.StatusCode.UNAVAILABLE


def test_lets_inference_through_and_nothing_else(front: Front) -> None:
    """Not shared memory, nor the repository, configurations, statistics, traces or logs."""
    paths = {f"/{SERVICE.full_name}/{method.name}": method.name for method in SERVICE.methods}
    others = ("/grpc.health.v1.Health/Check", "/inference.GRPCInferenceService/modelinfer", "/")
    with front.channel(front.credentials.token("demo")) as channel:
        for path in (*paths, *others):
            refused = outcome(channel, path)[0] is DENIED
            assert refused == (paths.get(path) not in ALLOWED), path
    assert len(paths) > 15


def test_who_gets_past_the_gateway_changes_nothing_without_the_key(tritons: list[Triton]) -> None:
    with InferenceServerClient(tritons[0].grpc) as client:
        changes: list[Callable[[], object]] = [
            lambda: client.load_model("identity"),
            lambda: client.unload_model("identity"),
            lambda: client.register_system_shared_memory("mine", "/liveroom", 64),
            lambda: client.unregister_cuda_shared_memory(),
            lambda: client.update_trace_settings("identity", {"trace_level": ["TENSORS"]}),
            lambda: client.update_log_settings({"log_verbose_level": 9}),
            lambda: client.get_model_repository_index(headers=admin_headers(f"{ADMIN_KEY}r")),
        ]
        for change in changes:
            with pytest.raises(InferenceServerException, match="This protocol is restricted"):
                change()
        assert client.get_model_repository_index(headers=admin_headers(ADMIN_KEY)).models


def test_a_client_cannot_send_the_key_through_the_gateway(front: Front) -> None:
    with front.channel(front.credentials.token("demo")) as channel:
        call = channel.unary_unary("/inference.GRPCInferenceService/RepositoryIndex")
        with pytest.raises(grpc.RpcError) as raised:
            call(b"", metadata=tuple(admin_headers(ADMIN_KEY).items()), timeout=PATIENCE_S)
    assert raised.value.code() is DENIED


def test_shows_statistics_and_nothing_else_of_the_admin_interface(front: Front) -> None:
    address = front.gateway.stats_url.split("/")[2]

    def asked(method: str, path: str) -> int:
        connection = HTTPConnection(address, timeout=PATIENCE_S)
        connection.request(method, path)
        status = connection.getresponse().status
        connection.close()
        return status

    assert asked("GET", "/stats/prometheus") == asked("GET", "/ready") == 200
    for path in ("/config_dump", "/certs", "/clusters", "/ready/../config_dump", "/"):
        assert asked("GET", path) == 404
    for path in ("/quitquitquit", "/stats/prometheus", "/logging?level=trace", "/healthcheck/fail"):
        assert asked("POST", path) == 404


def test_the_log_has_neither_content_nor_secrets(front: Front) -> None:
    token = front.credentials.token("discreet")
    with front.channel(token) as channel:
        call = channel.unary_unary("/inference.GRPCInferenceService/ModelInfer?room=secret-query")
        with pytest.raises(grpc.RpcError):
            call(b"", metadata=(("x-room-id", "secret-room"),), timeout=PATIENCE_S)
        call = channel.unary_unary("/inference.GRPCInferenceService/ModelInfer")
        message = request("moody", 1)
        message.id = "secret-request"
        call(message.SerializeToString(), metadata=(("x-room-id", "secret-room"),), timeout=PATIENCE_S)
    odd, served = front.logged(2)
    assert (odd["tenant"], odd["grpc"], served["grpc"]) == ("discreet", "PermissionDenied", "OK")
    assert served["path"] == odd["path"] == "/inference.GRPCInferenceService/ModelInfer"
    assert int(str(served["bytes_in"])) > 0
    log = front.gateway.access_log.read_text()
    assert "secret" not in log
    assert token.split(".")[1] not in log
    about = "time request client_request tenant class path grpc code why flags"
    assert set(served) == {*about.split(), "bytes_in", "bytes_out", "ms", "tries", "replica"}
