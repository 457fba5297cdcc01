"""examples/kserve.proto is what Triton speaks, and no more than a part of it."""

import re
from pathlib import Path

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from tritonclient.grpc import service_pb2

TEXT = (Path(__file__).parents[2] / "examples" / "kserve.proto").read_text(encoding="utf-8")
KINDS = {
    FieldDescriptor.TYPE_BYTES: "bytes",
    FieldDescriptor.TYPE_FLOAT: "float",
    FieldDescriptor.TYPE_INT32: "int32",
    FieldDescriptor.TYPE_INT64: "int64",
    FieldDescriptor.TYPE_STRING: "string",
}


def test_every_field_has_the_type_and_number_of_the_protocol_s() -> None:
    names = re.findall(r"^message (\w+) \{", TEXT, re.MULTILINE)
    ours = re.findall(r"^ +(?:repeated )?(\w+) (\w+) = (\d+);", TEXT, re.MULTILINE)
    theirs = set().union(*(fields(service_pb2.DESCRIPTOR.message_types_by_name[name]) for name in names))
    assert len(names) == 3
    assert len(ours) > 15
    assert set(ours) <= theirs


def test_the_method_is_the_protocol_s() -> None:
    [(service, method, request, response)] = re.findall(
        r"service (\w+) \{\s+rpc (\w+)\((\w+)\) returns \((\w+)\)", TEXT
    )
    theirs = service_pb2.DESCRIPTOR.services_by_name[service].methods_by_name[method]
    assert (theirs.input_type.name, theirs.output_type.name) == (request, response)
    assert f"package {service_pb2.DESCRIPTOR.package};" in TEXT


def fields(message: Descriptor) -> set[tuple[str, str, str]]:
    """Type, name and number of each field, those of nested messages too."""
    own = {
        (
            field.message_type.name if field.message_type else KINDS.get(field.type, ""),
            field.name,
            str(field.number),
        )
        for field in message.fields
    }
    return own.union(*(fields(nested) for nested in message.nested_types))
