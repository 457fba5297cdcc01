"""The Secrets that an installation makes by hand, none of which is in git: k8s/README.md has the commands."""

from collections.abc import Mapping

SECRETS: Mapping[str, tuple[str, ...]] = {
    "gateway-tls": ("tls.crt", "tls.key"),  # the gateway's own certificate
    "gateway-clients": ("ca.crt", "jwks.json"),  # whose certificates and tokens are good
    "store": ("address",),  # of the Valkey or Redis that replicas share, with its password
    "triton-admin": ("key",),  # of Triton's restricted protocols
}
"""The keys of each, by name."""
