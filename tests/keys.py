"""Key pairs of the application, as it publishes them, and tokens that it signs."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

SECRET = "the application's and ours, for the tests alone"


@dataclass(frozen=True)
class Pair:
    """A private key, and what is published of it."""

    algorithm: str
    private: Any
    key_id: str = field(default_factory=lambda: str(uuid4()))

    @property
    def published(self) -> dict[str, Any]:
        """Return the public key as a JWK."""
        to_jwk = RSAAlgorithm.to_jwk if self.algorithm == "RS256" else ECAlgorithm.to_jwk
        public: dict[str, Any] = to_jwk(self.private.public_key(), as_dict=True)
        return public | {"kid": self.key_id, "use": "sig"}

    def sign(self, **claims: Any) -> str:
        """Return a token that says `claims`, and that it lives an hour."""
        return signed(self.private, self.algorithm, key_id=self.key_id, **claims)


def rs256() -> Pair:
    """Make a pair of RSA keys."""
    return Pair("RS256", rsa.generate_private_key(65537, 2048))


def es256() -> Pair:
    """Make a pair of keys on P-256."""
    return Pair("ES256", ec.generate_private_key(ec.SECP256R1()))


def signed(key: Any, algorithm: str, *, key_id: str | None = None, **claims: Any) -> str:
    """Return a token that says `claims`, and that it lives an hour; None leaves a claim out."""
    said = {"sub": str(uuid4()), "exp": datetime.now(UTC) + timedelta(hours=1)} | claims
    said = {name: value for name, value in said.items() if value is not None}
    return jwt.encode(said, key, algorithm, headers={"kid": key_id} if key_id else None)


def key_set(*pairs: Pair) -> str:
    """Return the JWKS of these pairs."""
    return json.dumps({"keys": [pair.published for pair in pairs]})


def write(folder: Path, *pairs: Pair) -> str:
    """Write the JWKS of these pairs to a file, and return its path."""
    path = folder / f"{uuid4()}.json"
    path.write_text(key_set(*pairs))
    return str(path)
