"""Comparing and signing: bytes, in constant time, with every current key.

Whatever cannot be read is simply wrong.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


def is_any(secret: bytes, good: Iterable[bytes]) -> bool:
    """Say whether a secret is one of those that are good now."""
    # No short cut: the time must not tell which one was right.
    return sum(hmac.compare_digest(secret, key) for key in good) > 0


def same(given: str, expected: str) -> bool:
    """Compare a signature without leaking where the difference is; any characters may come."""
    return hmac.compare_digest(given.encode(errors="replace"), expected.encode())


def hex_digest(algorithm: str, *parts: bytes) -> str:
    """Digest the parts joined with nothing between, as lower-case hex: what old dialects sign."""
    return hashlib.new(algorithm, b"".join(parts), usedforsecurity=False).hexdigest()


def md5_hex(*parts: bytes) -> str:
    """MD5 of the parts, as `hex_digest`."""
    return hex_digest("md5", *parts)


def password_digest(key: bytes, password: bytes) -> str:
    """What is kept in place of a password; without the key it cannot even be guessed at."""
    return hmac.new(key, password, hashlib.sha256).hexdigest()


class RsaVerifier:
    """Verifies RSA signatures (SHA-1, PKCS#1 v1.5) by a public key.

    ValueError when the text is no such key; ImportError without the library cryptography, which
    is not pure Python and so is not among the requirements.
    """

    def __init__(self, pem: bytes) -> None:
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import rsa

        key = serialization.load_pem_public_key(pem)
        if not isinstance(key, rsa.RSAPublicKey):
            raise ValueError("not an RSA key")
        self._key = key
        self.bits = key.key_size

    def __call__(self, signature: bytes, text: bytes) -> bool:
        """Say whether this is the signature of the text."""
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import padding

        try:
            self._key.verify(signature, text, padding.PKCS1v15(), hashes.SHA1())  # noqa: S303 - theirs
        except InvalidSignature:
            return False
        return True


class RsaSigner:
    """Signs as `RsaVerifier` verifies, with a private key; it raises the same."""

    file: Path  # that has it, where it comes from one

    def __init__(self, pem: bytes) -> None:
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import rsa

        key = serialization.load_pem_private_key(pem, password=None)
        if not isinstance(key, rsa.RSAPrivateKey):
            raise ValueError("not an RSA key")
        self._key = key
        self.bits = key.key_size

    def __call__(self, text: bytes) -> bytes:
        """Return the signature of the text."""
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import padding

        return self._key.sign(text, padding.PKCS1v15(), hashes.SHA1())  # noqa: S303 - theirs
