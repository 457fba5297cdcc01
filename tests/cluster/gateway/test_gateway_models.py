"""Tenants call public models and nothing else, however a request is written."""

from collections.abc import Callable, Iterator
from typing import TypeAlias

import grpc
import pytest
from tritonclient.grpc import service_pb2, service_pb2_grpc

from tests.cluster.gateway.calling import PATIENCE_S, Front, failure, request

STREAM = "/inference.GRPCInferenceService/ModelStreamInfer"
NOT_PUBLIC = (grpc.StatusCode.PERMISSION_DENIED, "there is no public model of this name")
ONE_MODEL = "a stream is for one model, in its latest version"

Stub: TypeAlias = service_pb2_grpc.GRPCInferenceServiceStub
Answer = tuple[str, str]


@pytest.fixture(scope="module")
def channel(front: Front) -> Iterator[grpc.Channel]:
    """A tenant's."""
    with front.channel(front.credentials.token("curious")) as opened:
        yield opened


def named(name: str) -> bytes:
    """The field `model_name` of a request, or another one of the number 1."""
    return b"\x0a" + bytes([len(name)]) + name.encode()


def written(model: str) -> bytes:
    """A request that `model` answers, without its name: `talker`, or `identity` and `hidden`."""
    whole: bytes = request("identity" if model == "hidden" else model, 1).SerializeToString()
    return whole[len(named("identity" if model == "hidden" else model)) :]


def called(channel: grpc.Channel, message: bytes, method: str = "ModelInfer") -> tuple[grpc.StatusCode, str]:
    """How a call of these bytes ends."""
    call = channel.unary_unary(f"/inference.GRPCInferenceService/{method}")
    try:
        call(message, timeout=PATIENCE_S)
    except grpc.RpcError as error:
        return failure(error)
    return grpc.StatusCode.OK, ""


def streamed(channel: grpc.Channel, *messages: bytes) -> list[Answer]:
    """The answers to these messages, sorted: the model that gave each, or what is wrong."""
    call = channel.stream_stream(
        STREAM, response_deserializer=service_pb2.ModelStreamInferResponse.FromString
    )
    answers = call(iter(messages), timeout=PATIENCE_S)
    return sorted((answer.infer_response.model_name, answer.error_message) for answer in answers)


ASKED: dict[str, Callable[[Stub, str], object]] = {
    "a call": lambda stub, name: stub.ModelInfer(request(name), timeout=PATIENCE_S),
    "a stream": lambda stub, name: list(stub.ModelStreamInfer(iter([request(name)]), timeout=PATIENCE_S)),
    "readiness": lambda stub, name: stub.ModelReady(service_pb2.ModelReadyRequest(name=name)),
    "metadata": lambda stub, name: stub.ModelMetadata(service_pb2.ModelMetadataRequest(name=name)),
}


@pytest.mark.parametrize("way", ASKED)
@pytest.mark.parametrize(
    "name", ["hidden", "nothing", "", "talker ", "talker\0", "TALKER", "talker|moody", "x\ntalker"]
)
def test_an_inner_model_is_refused_as_one_that_does_not_exist(front: Front, way: str, name: str) -> None:
    with front.stub() as stub, pytest.raises(grpc.RpcError) as refused:
        ASKED[way](stub, name)
    assert failure(refused.value) == NOT_PUBLIC


DISGUISED = {
    "named last": written("hidden") + named("hidden"),
    "named after a public one": named("identity") + named("hidden") + written("hidden"),
    "a tag of two bytes": named("identity") + b"\x8a\x00" + named("hidden")[1:] + written("hidden"),
    "a tag of five bytes": named("identity")
    + b"\x8a\x80\x80\x80\x00"
    + named("hidden")[1:]
    + written("hidden"),
    "a length of three bytes": b"\x0a\x86\x80\x00hidden" + written("hidden"),
    "not at all": written("hidden"),
    "what is no message": b"\xff\xff",
    "nothing": b"",
}


@pytest.mark.parametrize("case", DISGUISED)
def test_an_inner_model_is_found_however_it_is_named(channel: grpc.Channel, case: str) -> None:
    assert called(channel, DISGUISED[case]) == NOT_PUBLIC
    with pytest.raises(grpc.RpcError) as refused:
        streamed(channel, DISGUISED[case])
    assert failure(refused.value)[0] in (grpc.StatusCode.PERMISSION_DENIED, grpc.StatusCode.INVALID_ARGUMENT)


@pytest.mark.parametrize("case", DISGUISED)
def test_a_later_message_does_not_reach_another_model(channel: grpc.Channel, case: str) -> None:
    """It gets an error, and the stream goes on."""
    good = named("talker") + written("talker")
    refused, *answered = streamed(channel, good, DISGUISED[case], good)
    assert refused[0] == ""
    assert ONE_MODEL in refused[1] or "not written as" in refused[1] or case == "nothing"
    assert answered == [("talker", ""), ("talker", "")]


@pytest.mark.parametrize("other", ["identity", "moody"])
def test_a_stream_is_for_one_model(channel: grpc.Channel, other: str) -> None:
    """Triton 24.10 aborts where a decoupled model and another one share a stream, mostly within ten tries."""
    good, bad = request("talker", 1).SerializeToString(), request(other, 1).SerializeToString()
    for _ in range(20):
        refused = [text for _, text in streamed(channel, good, bad, good, bad, good) if text]
        assert len(refused) == 2
        assert all(ONE_MODEL in text for text in refused)


@pytest.mark.parametrize("version", ["1", "7", "-1", "none", " "])
def test_a_stream_is_for_the_latest_version(channel: grpc.Channel, version: str) -> None:
    """One that does not exist ends Triton 24.10 like another kind of model."""
    plain, versioned = request("talker", 1), request("talker", 1)
    versioned.model_version = version
    with pytest.raises(grpc.RpcError) as refused:
        streamed(channel, versioned.SerializeToString())
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert "leave model_version out" in refused.value.details()
    answers = streamed(channel, plain.SerializeToString(), versioned.SerializeToString())
    assert ONE_MODEL in answers[0][1]
    assert answers[1:] == [("talker", "")]


def test_a_call_may_name_a_version(channel: grpc.Channel) -> None:
    message = request("moody")
    message.model_version = "1"
    assert called(channel, message.SerializeToString())[0] is grpc.StatusCode.OK


def test_a_call_without_a_message_is_refused_at_once(channel: grpc.Channel) -> None:
    for path in (STREAM, "/inference.GRPCInferenceService/ModelInfer"):
        with pytest.raises(grpc.RpcError) as refused:
            list(channel.stream_stream(path)(iter([]), timeout=PATIENCE_S))
        assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT


def test_what_is_not_said_to_be_grpc_reaches_no_model(channel: grpc.Channel) -> None:
    """The gateway reads names in gRPC only."""
    call = channel.unary_unary("/inference.GRPCInferenceService/ModelInfer")
    with pytest.raises(grpc.RpcError) as refused:
        call(
            request("hidden").SerializeToString(),
            metadata=(("content-type", "text/plain"),),
            timeout=PATIENCE_S,
        )
    assert refused.value.code() is grpc.StatusCode.PERMISSION_DENIED


UNLIKELY = {
    "whose bytes are 2^64": [2**62],
    "the same twice": [2**31, 2**31],
    "of a billion": [2**30],
    "below zero": [-1],
    "a batch of none": [0, 1],
    "a batch of minus one": [-1, 1],
    "a batch of 2^32": [2**32, 1],
    "of many axes": [1] * 12,
}


@pytest.mark.parametrize("case", UNLIKELY)
def test_a_shape_that_cannot_be_reaches_no_model(channel: grpc.Channel, case: str) -> None:
    """The first of them ends a model's process, a batch of none is never answered."""
    for model, ask in (("moody", called), ("talker", streamed)):
        message = request(model)
        message.inputs[0].shape[:] = UNLIKELY[case]
        message.raw_input_contents[0] = b""
        answer = ask(channel, message.SerializeToString())
        assert "an input has a size below 0 or beyond" in str(answer)
        assert ask is streamed or answer[0] is grpc.StatusCode.INVALID_ARGUMENT
    assert called(channel, request("moody").SerializeToString())[0] is grpc.StatusCode.OK


@pytest.mark.parametrize("name", ["classification", "whatever"])
def test_an_output_has_no_parameters(channel: grpc.Channel, name: str) -> None:
    """Triton 24.10 ends (SIGFPE) where it is to classify text."""
    for model, ask in (("moody", called), ("talker", streamed)):
        message = request(model)
        message.outputs.add(name="y").parameters[name].int64_param = 1
        answer = ask(channel, message.SerializeToString())
        assert "an output is asked for with parameters" in str(answer)
        assert ask is streamed or answer[0] is grpc.StatusCode.INVALID_ARGUMENT
        message.ClearField("outputs")
        message.outputs.add(name="y")
        assert "parameters" not in str(ask(channel, message.SerializeToString()))


@pytest.mark.parametrize("part", ["input", "datatype", "output", "parameter"])
def test_what_triton_says_again_in_its_errors_is_not_long(channel: grpc.Channel, part: str) -> None:
    """An answer with more than 60 KiB of trailers closes the connection that all tenants share."""
    message = request("moody")
    match part:
        case "input":
            message.inputs[0].name = "x" * 70_000
        case "datatype":
            message.inputs[0].datatype = "x" * 70_000
        case "output":
            message.outputs.add(name="x" * 70_000)
        case _:
            message.parameters["sequence_id"].string_param = "x" * 70_000
    code, said = called(channel, message.SerializeToString())
    assert (code, said) == (
        grpc.StatusCode.INVALID_ARGUMENT,
        "a name, a type or a parameter is longer than 256 bytes",
    )


def test_messages_of_many_small_fields_are_refused(channel: grpc.Channel) -> None:
    """Reading them would be work for the gateway; no model has so many inputs."""
    good = named("talker") + written("talker")
    assert "not written as" in streamed(channel, good, good + 100_000 * b"\x12\x00")[0][1]
