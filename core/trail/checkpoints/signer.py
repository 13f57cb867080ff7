"""What signs a trail's checkpoints: an Ed25519 key, in the text form of Go's x/mod/sumdb/note."""

from __future__ import annotations

import base64
import binascii
import secrets
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from core.trail.checkpoints.checkpoints import (
    ED25519,
    PUBLIC_BYTES,
    NoteError,
    VerifierKey,
    check_name,
)

_PREFIX = "PRIVATE+KEY+"


@dataclass(frozen=True, repr=False)
class Signer:
    """A signing key. Its text and its representation show the public half only.

    Attributes:
        name: the trail's origin.
        seed: the 32 secret bytes.
    """

    name: str
    seed: bytes

    def __repr__(self) -> str:
        return f"Signer({self.verifier_key!r})"

    @classmethod
    def generate(cls, origin: str | None = None) -> Signer:
        """A new key.

        Args:
            origin: of the trail it signs; None: a trail that has not begun.
        """
        return cls(origin or f"calledger/{secrets.token_hex(8)}", secrets.token_bytes(PUBLIC_BYTES))

    @property
    def verifier(self) -> VerifierKey:
        """The public half."""
        private = Ed25519PrivateKey.from_private_bytes(self.seed)
        return VerifierKey(self.name, private.public_key().public_bytes_raw())

    @property
    def verifier_key(self) -> str:
        """The public half as text."""
        return self.verifier.text

    @property
    def key_id(self) -> bytes:
        """The four bytes that tell it from other keys."""
        return self.verifier.key_id

    def sign(self, message: bytes) -> bytes:
        """The signature of a message, 64 bytes."""
        return Ed25519PrivateKey.from_private_bytes(self.seed).sign(message)

    def secret_text(self) -> str:
        """The whole key as its file holds it; for that file only."""
        encoded = base64.b64encode(ED25519 + self.seed).decode("ascii")
        return f"{_PREFIX}{self.name}+{self.key_id.hex()}+{encoded}"

    @classmethod
    def of_secret_text(cls, text: str) -> Signer:
        """Read a key.

        Raises:
            NoteError: it is none; the message holds nothing of the secret.
        """
        parts = text.removeprefix(_PREFIX).split("+", 2)
        if not text.startswith(_PREFIX) or len(parts) != 3:
            raise NoteError("a signing key looks like PRIVATE+KEY+name+keyid+base64")
        name, id_, encoded = parts
        check_name(name)
        try:
            material = base64.b64decode(encoded.encode("ascii"), validate=True)
        except (binascii.Error, ValueError):
            raise NoteError("the signing key's secret is not base64") from None
        if material[:1] != ED25519 or len(material) != 1 + PUBLIC_BYTES:
            raise NoteError("the signing key is not an Ed25519 key")
        key = cls(name, material[1:])
        if key.key_id.hex() != id_:
            raise NoteError(f"the signing key has the id {id_}, which is not its own")
        return key
