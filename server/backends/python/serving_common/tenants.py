"""Whose request it is."""

from collections.abc import Mapping

TENANT = "x-tenant"
"""gRPC metadata that a gateway vouches for; Triton hands it on as a parameter of the request."""


def tenant(parameters: Mapping[str, object]) -> str:
    """The tenant of a request with `parameters`; "" where no gateway says."""
    return str(parameters.get(TENANT, ""))
