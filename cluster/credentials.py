"""Throw-away credentials of a local cluster: certificates, and a key that signs tokens.

credentials = Credentials.create(Path("build/credentials"))
token = credentials.token("demo", lifetime_s=60)

For this machine and for tests; a production cluster brings its own (k8s/SECURITY.md).
"""

import datetime
import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import jwt
import trustme
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from cluster.machine import LOOPBACK, write_with_mode

ISSUER = "liveroom"
AUDIENCE = "liveroom-gateway"
VALID = datetime.timedelta(days=30)
_KEY_ID = "local"

Claim = str | int | float | None


@dataclass(frozen=True)
class Credentials:
    """Files in `folder`; the gateway reads those in `tls/` and `clients/`, which are Secrets in Kubernetes.

    Private keys have mode 0600. The two that make credentials, `signing_key` and `clients_key`, are for
    whoever hands them out, never for the gateway.
    """

    folder: Path

    @classmethod
    def create(cls, folder: Path) -> Self:
        """Writes new ones to `folder`: certificates are for localhost and 127.0.0.1, and last 30 days."""
        made = cls(folder)
        for part in (made.certificate.parent, made.jwks.parent):
            part.mkdir(mode=0o700, parents=True, exist_ok=True)
        servers, clients = (
            trustme.CA(organization_name=name) for name in ("liveroom gateways", "liveroom clients")
        )
        signer = ec.generate_private_key(ec.SECP256R1())
        issued = servers.issue_cert("localhost", LOOPBACK, common_name="gateway", not_after=_end())
        for file, content, mode in (
            (made.ca, servers.cert_pem.bytes(), 0o644),
            (made.certificate, issued.cert_chain_pems[0].bytes(), 0o644),
            (made.key, issued.private_key_pem.bytes(), 0o600),
            (made.clients_ca, clients.cert_pem.bytes(), 0o644),
            (made.clients_key, clients.private_key_pem.bytes(), 0o600),
            (made.signing_key, _private_pem(signer), 0o600),
        ):
            write_with_mode(file, content, mode)
        public = jwt.algorithms.ECAlgorithm.to_jwk(signer.public_key(), as_dict=True)
        keys = [{**public, "kid": _KEY_ID, "alg": "ES256", "use": "sig"}]
        write_with_mode(made.jwks, json.dumps({"keys": keys}).encode(), 0o644)
        return made

    @property
    def ca(self) -> Path:
        """The authority that clients trust: it signed the gateway's certificate."""
        return self.folder / "ca.crt"

    @property
    def certificate(self) -> Path:
        """The gateway's certificate."""
        return self.folder / "tls" / "tls.crt"

    @property
    def key(self) -> Path:
        """The key of the gateway's certificate."""
        return self.folder / "tls" / "tls.key"

    @property
    def clients_ca(self) -> Path:
        """The authority whose certificates let clients in."""
        return self.folder / "clients" / "ca.crt"

    @property
    def jwks(self) -> Path:
        """The public keys whose tokens let clients in, a JSON Web Key Set (RFC 7517)."""
        return self.folder / "clients" / "jwks.json"

    @property
    def signing_key(self) -> Path:
        """The private key of tokens."""
        return self.folder / "signing.key"

    @property
    def clients_key(self) -> Path:
        """The private key of `clients_ca`."""
        return self.folder / "clients.key"

    def token(self, tenant: str | None, lifetime_s: float = 3600, **claims: Claim) -> str:
        """A token that lets a tenant in.

        Args:
            tenant: whose rooms it opens; None leaves it out.
            lifetime_s: seconds until it expires, which may be negative.
            claims: replace those that the gateway asks for, or are added to them; None leaves one out.
        """
        now = int(time.time())
        wanted: dict[str, Claim] = {"iss": ISSUER, "aud": AUDIENCE, "tenant": tenant, "iat": now}
        wanted |= {"exp": int(now + lifetime_s), **claims}
        payload = {name: value for name, value in wanted.items() if value is not None}
        return jwt.encode(payload, self.signing_key.read_bytes(), "ES256", {"kid": _KEY_ID})

    def client_certificate(self, tenant: str) -> tuple[Path, Path]:
        """Files of a certificate that is as good as a token for `tenant`, its DNS name, and of its key."""
        authority = trustme.CA.from_pem(self.clients_ca.read_bytes(), self.clients_key.read_bytes())
        issued = authority.issue_cert(tenant, common_name=tenant, not_after=_end())
        files = self.folder / f"client-{tenant}.crt", self.folder / f"client-{tenant}.key"
        write_with_mode(files[0], issued.cert_chain_pems[0].bytes(), 0o644)
        write_with_mode(files[1], issued.private_key_pem.bytes(), 0o600)
        return files


def _end() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC) + VALID


def _private_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
