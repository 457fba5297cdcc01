"""Throw-away credentials of a local cluster: certificates, and a key that signs tokens.

credentials = Credentials.create(Path("build/credentials"))
token = credentials.token("demo", lifetime_s=60)

For this machine and for tests; a production cluster brings its own (k8s/SECURITY.md).
"""

import datetime
import ipaddress
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from cluster.machine import LOOPBACK, write_with_mode

ISSUER = "liveroom"
AUDIENCE = "liveroom-gateway"
VALID = datetime.timedelta(days=30)
_SKEW = datetime.timedelta(minutes=5)  # for clocks that are behind
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
        servers, clients, signer = _new_key(), _new_key(), _new_key()
        authority = _certify("liveroom gateways", servers)
        write_with_mode(made.ca, _pem(authority), 0o644)
        names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address(LOOPBACK))]
        key = _new_key()
        issued = _certify("gateway", key, (authority, servers), names, ExtendedKeyUsageOID.SERVER_AUTH)
        write_with_mode(made.certificate, _pem(issued), 0o644)
        write_with_mode(made.key, _private_pem(key), 0o600)
        write_with_mode(made.clients_ca, _pem(_certify("liveroom clients", clients)), 0o644)
        write_with_mode(made.clients_key, _private_pem(clients), 0o600)
        write_with_mode(made.signing_key, _private_pem(signer), 0o600)
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
        """A token for `tenant` that expires after `lifetime_s` seconds, which may be negative.

        claims: replace those that the gateway asks for, or are added to them; None leaves one out.
        """
        now = int(time.time())
        wanted: dict[str, Claim] = {"iss": ISSUER, "aud": AUDIENCE, "tenant": tenant, "iat": now}
        wanted |= {"exp": int(now + lifetime_s), **claims}
        payload = {name: value for name, value in wanted.items() if value is not None}
        return jwt.encode(payload, self.signing_key.read_bytes(), "ES256", {"kid": _KEY_ID})

    def client_certificate(self, tenant: str) -> tuple[Path, Path]:
        """Files of a certificate that is as good as a token for `tenant`, its DNS name, and of its key."""
        authority = x509.load_pem_x509_certificate(self.clients_ca.read_bytes())
        signer = serialization.load_pem_private_key(self.clients_key.read_bytes(), None)
        assert isinstance(signer, ec.EllipticCurvePrivateKey)  # noqa: S101 written so by create()
        key, names = _new_key(), [x509.DNSName(tenant)]
        issued = _certify(tenant, key, (authority, signer), names, ExtendedKeyUsageOID.CLIENT_AUTH)
        files = self.folder / f"client-{tenant}.crt", self.folder / f"client-{tenant}.key"
        write_with_mode(files[0], _pem(issued), 0o644)
        write_with_mode(files[1], _private_pem(key), 0o600)
        return files


def _new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def _certify(
    name: str,
    key: ec.EllipticCurvePrivateKey,
    issuer: tuple[x509.Certificate, ec.EllipticCurvePrivateKey] | None = None,
    names: Sequence[x509.GeneralName] = (),
    usage: x509.ObjectIdentifier | None = None,
) -> x509.Certificate:
    """A certificate for `names` and `usage`, signed by `issuer`; without one it is an authority itself."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer[0].subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _SKEW)
        .not_valid_after(now + VALID)
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    if usage:
        builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
    return builder.sign(issuer[1] if issuer else key, hashes.SHA256())


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _private_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
