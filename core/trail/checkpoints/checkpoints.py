"""Signed checkpoints as the transparency logs of C2SP write them.

A note (c2sp.org/signed-note) is text, an empty line, and signature lines
``— name base64(key id || signature)``. A checkpoint (c2sp.org/tlog-checkpoint) is a note whose text
is the origin, the size, the root in base64, and extension lines. Keys are Ed25519, in the text form
of Go's x/mod/sumdb/note: ``name+keyid+base64(0x01 || public key)``.

Reading is strict: every text read is the only one that says the same, so that a changed bit is a
changed note.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from core.trail.acts import stamp
from core.trail.checkpoints.merkle import WIDTH

#: The signature type of Ed25519.
ED25519 = b"\x01"
PUBLIC_BYTES = 32
ID_BYTES = 4

_SIGNED_BY = "— "
#: Sizes are written without a sign or leading zeros, and fit the integers of the ledger.
_SIZE = re.compile(r"0|[1-9][0-9]{0,17}")
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")


class NoteError(ValueError):
    """A note, checkpoint or key that cannot be read, or a signature that does not hold."""


class NoteSigner(Protocol):
    """What signs a note."""

    @property
    def name(self) -> str:
        """The key's name."""
        ...

    @property
    def key_id(self) -> bytes:
        """Its four bytes."""
        ...

    def sign(self, message: bytes) -> bytes:
        """The Ed25519 signature, 64 bytes."""
        ...


def key_id(name: str, public: bytes) -> bytes:
    """The four bytes that tell keys apart: of SHA-256(name || newline || 0x01 || public key)."""
    hashed = hashlib.sha256(name.encode("utf-8") + b"\n" + ED25519 + public)
    return hashed.digest()[:ID_BYTES]


def check_name(name: str) -> None:
    """Refuse what cannot be a key's name.

    Raises:
        NoteError: it is empty, or has a space, a control character or a ``+``.
    """
    if not name or "+" in name or any(c.isspace() or not c.isprintable() for c in name):
        raise NoteError(f"{name!r} cannot name a key: no spaces and no + in it")


@dataclass(frozen=True)
class VerifierKey:
    """A public key with the name it signs under.

    Attributes:
        name: the trail's origin.
        public: 32 bytes.
    """

    name: str
    public: bytes

    @property
    def key_id(self) -> bytes:
        """Its four bytes."""
        return key_id(self.name, self.public)

    @property
    def text(self) -> str:
        """As people hand it on: ``name+keyid+base64``."""
        return f"{self.name}+{self.key_id.hex()}+{_base64(ED25519 + self.public)}"

    @classmethod
    def of(cls, text: str) -> VerifierKey:
        """Read a key's text.

        Raises:
            NoteError: it is no Ed25519 verifier key, or its id is that of another.
        """
        parts = text.split("+", 2) if isinstance(text, str) else []
        if len(parts) != 3:
            raise NoteError("a verifier key looks like name+keyid+base64")
        name, id_, encoded = parts
        check_name(name)
        material = decoded(encoded, "the verifier key")
        if material[:1] != ED25519 or len(material) != 1 + PUBLIC_BYTES:
            raise NoteError(f"the verifier key of {name} is not an Ed25519 key")
        key = cls(name, material[1:])
        if key.key_id.hex() != id_:
            raise NoteError(f"the verifier key of {name} has the id {id_}, not its own")
        return key

    def holds(self, message: bytes, signature: bytes) -> bool:
        """Whether this key made the signature of the message."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except (InvalidSignature, ValueError):
            return False
        return True


@dataclass(frozen=True)
class NoteSignature:
    """One signature line.

    Attributes:
        name: whose.
        key_id: which key's.
        signature: what follows the key's id; its form depends on the key.
    """

    name: str
    key_id: bytes
    signature: bytes

    @property
    def line(self) -> str:
        """As it stands in a note."""
        return f"{_SIGNED_BY}{self.name} {_base64(self.key_id + self.signature)}\n"


@dataclass(frozen=True)
class Note:
    """A text with signatures that nobody has checked yet.

    Attributes:
        text: what is signed, ending with a newline.
        signatures: at least one.
    """

    text: str
    signatures: tuple[NoteSignature, ...]

    @classmethod
    def of(cls, note: str) -> Note:
        """Read a note.

        Raises:
            NoteError: it is none; the message says why.
        """
        text, gap, tail = note.rpartition("\n\n")
        if not gap or not text or not tail.endswith("\n"):
            raise NoteError("a signed note is text, an empty line and signature lines")
        text += "\n"
        # A carriage return or another control character would look like a line, or like none.
        if _CONTROL.search(note):
            raise NoteError("a signed note has no control characters")
        try:
            note.encode("utf-8")
        except UnicodeEncodeError:
            raise NoteError("a signed note is UTF-8 text") from None
        return cls(text, tuple(_signature(line) for line in tail[:-1].split("\n")))

    @property
    def whole(self) -> str:
        """The text and its signature lines."""
        return f"{self.text}\n{''.join(one.line for one in self.signatures)}"

    def signed_by(self, keys: Iterable[VerifierKey]) -> tuple[VerifierKey, ...]:
        """Which of the keys signed it; signatures of other keys are passed over.

        Raises:
            NoteError: a signature that claims to be by one of them is not.
        """
        found = []
        for key in keys:
            for one in self.signatures:
                if (one.name, one.key_id) != (key.name, key.key_id):
                    continue
                if not key.holds(self.text.encode("utf-8"), one.signature):
                    raise NoteError(f"the signature of {key.name}+{key.key_id.hex()} does not hold")
                if key not in found:
                    found.append(key)
        return tuple(found)


@dataclass(frozen=True)
class Checkpoint:
    """What a trail was at one size.

    Attributes:
        origin: which trail.
        size: entries.
        root: root of the tree over them, 32 bytes.
        extensions: further lines, not empty; this program writes one, see `time_line`.
    """

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    @property
    def body(self) -> str:
        """The text that is signed."""
        lines = (self.origin, str(self.size), _base64(self.root), *self.extensions)
        return "".join(f"{line}\n" for line in lines)

    @classmethod
    def of(cls, body: str) -> Checkpoint:
        """Read the text of a checkpoint.

        Raises:
            NoteError: it is none; the message says why.
        """
        lines = body.split("\n")
        if len(lines) < 4 or lines[-1] != "" or "" in lines[:-1]:
            raise NoteError("a checkpoint has an origin, a size and a root, each on a line")
        origin, size, root, *extensions = lines[:-1]
        if not _SIZE.fullmatch(size):
            raise NoteError(f"a checkpoint's size is a whole number, not {size[:40]!r}")
        hashed = decoded(root, "a checkpoint's root")
        if len(hashed) != WIDTH:
            raise NoteError(f"a checkpoint's root has {WIDTH} bytes, not {len(hashed)}")
        return cls(origin, int(size), hashed, tuple(extensions))


def time_line(at: datetime) -> str:
    """The extension line that says when: the time of the last entry that a checkpoint covers."""
    return f"time {stamp(at)}"


def sign(text: str, signers: Sequence[NoteSigner]) -> str:
    """The signed note of a text.

    Args:
        text: not empty, ending with a newline.
        signers: at least one; each adds a line.
    """
    if not text.endswith("\n") or text == "\n" or not signers:
        raise ValueError("a note needs a text that ends with a newline, and a signer")
    message = text.encode("utf-8")
    made = (NoteSignature(one.name, one.key_id, one.sign(message)) for one in signers)
    return f"{text}\n{''.join(one.line for one in made)}"


def checkpoint(note: str, key: str | VerifierKey) -> Checkpoint:
    """The checkpoint in a note that this key signed, under its own name as the origin.

    Raises:
        NoteError: it is malformed, for another origin, or not signed by the key.
    """
    key = VerifierKey.of(key) if isinstance(key, str) else key
    read = Note.of(note)
    if not read.signed_by([key]):
        raise NoteError(f"it is not signed by {key.name}+{key.key_id.hex()}")
    found = Checkpoint.of(read.text)
    if found.origin != key.name:
        raise NoteError(f"it is of the trail {found.origin!r}, not of {key.name}")
    return found


def blocks(text: str) -> tuple[str, ...]:
    """The notes in a file that holds any number of them, one after the other.

    An empty line stands inside each note and between two. What is no note is handed back as it
    is, for `Note.of` to refuse.
    """
    found: list[str] = []
    open_ = False
    for part in re.split(r"\n\n+", text.lstrip("\n")):
        if not part.strip():
            continue
        if open_ and part.startswith(_SIGNED_BY):
            found[-1] += f"\n\n{part}"
            open_ = False
        else:
            found.append(part)
            open_ = True
    return tuple(block if block.endswith("\n") else f"{block}\n" for block in found)


def _signature(line: str) -> NoteSignature:
    if not line.startswith(_SIGNED_BY):
        raise NoteError(f"a signature line begins with an em dash: {line[:60]!r}")
    name, _, encoded = line[len(_SIGNED_BY) :].partition(" ")
    check_name(name)
    material = decoded(encoded, f"the signature of {name}")
    if len(material) <= ID_BYTES:
        raise NoteError(f"the signature of {name} is cut short")
    return NoteSignature(name, material[:ID_BYTES], material[ID_BYTES:])


def _base64(material: bytes) -> str:
    return base64.b64encode(material).decode("ascii")


def decoded(text: str, what: str) -> bytes:
    """The bytes of strict base64; another way to write the same bytes is refused.

    Raises:
        NoteError: it is none; ``what`` names it.
    """
    try:
        material = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, ValueError):
        raise NoteError(f"{what} is not base64") from None
    if _base64(material) != text:
        raise NoteError(f"{what} is not base64 as it is written here")
    return material
