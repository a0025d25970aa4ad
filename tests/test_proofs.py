"""Comparing and signing: each by what other programs make of the same."""

from __future__ import annotations

import hashlib
import sys

import pytest

from callback import proofs
from tests.support.processes import ROOT

KEYS = ROOT / "tests" / "keys"
TEXT = b"action=check&number=550019"
LINES = (KEYS / "signatures.txt").read_text().splitlines()
SIGNATURES = dict(line.rsplit(" ", 1) for line in LINES if not line.startswith("#"))


@pytest.mark.parametrize(
    ("given", "expected", "same"),
    [
        ("abc", "abc", True),
        ("abc", "abd", False),
        ("abc", "ab", False),
        ("ё", "ё", True),
        ("a\ud800", "a?", True),  # such a character cannot be sent; it is not what we sign with
        ("\ud800", "abc", False),
    ],
)
def test_any_characters_may_come(given: str, expected: str, same: bool) -> None:
    """Half a surrogate pair, too."""
    assert proofs.same(given, expected) is same


def test_any_of_the_good_secrets_is_good() -> None:
    """Whichever it is; without any none is."""
    assert [proofs.is_any(secret, (b"one", b"two")) for secret in (b"one", b"two", b"three")] == [
        *(True, True, False)
    ]
    assert proofs.is_any(b"one", [b"one", b"one"])
    assert not proofs.is_any(b"", [])


def test_digests_are_as_everywhere() -> None:
    """By RFC 1321 (A.5), RFC 4231 (4.3) and FIPS 180."""
    assert proofs.md5_hex(b"ab", b"", b"c") == "900150983cd24fb0d6963f7d28e17f72"
    assert proofs.hex_digest("sha1", b"a", b"bc") == "a9993e364706816aba3e25717850c26c9cd0d89d"
    assert proofs.password_digest(b"Jefe", b"what do ya want for nothing?") == (
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    )


def test_md5_is_had_where_it_is_forbidden_for_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Servers by FIPS allow it for what is no security: banks have chosen it, not we."""
    asked = []
    new = hashlib.new

    def noted(name: str, data: bytes, *, usedforsecurity: bool = True) -> object:
        asked.append((name, usedforsecurity))
        return new(name, data, usedforsecurity=usedforsecurity)

    monkeypatch.setattr(hashlib, "new", noted)
    proofs.md5_hex(b"abc")
    assert asked == [("md5", False)]


@pytest.mark.parametrize("file", ["bank.pem", "bank_rsa.pem"])
def test_a_signature_of_openssl_is_verified(file: str) -> None:
    """Of this text, whole, and by this key."""
    verify = proofs.RsaVerifier((KEYS / file).read_bytes())
    good = bytes.fromhex(SIGNATURES[TEXT.decode()])
    assert verify.bits == 1024
    assert verify(good, TEXT) is True
    assert verify(good, TEXT + b"0") is False
    assert verify(good[:-1], TEXT) is False
    assert verify(b"", TEXT) is False


@pytest.mark.parametrize("file", ["own.pem", "own_rsa.pem"])
def test_what_we_sign_is_what_openssl_signs(file: str) -> None:
    """PKCS#1 v1.5 has one signature of a text: by openssl dgst -sha1 -sign own.pem | sha256sum."""
    sign = proofs.RsaSigner((KEYS / file).read_bytes())
    assert sign.bits == 1024
    assert hashlib.sha256(sign(TEXT)).hexdigest() == OURS


OURS = "954e8e0e58e100ebfb534604bff7747c1d5b0a714b6f8619d033b6b3aab9da8f"

NOT_RSA = b"""-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=
-----END PUBLIC KEY-----
"""
NOT_RSA_OWN = b"""-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC
-----END PRIVATE KEY-----
"""


@pytest.mark.parametrize(
    ("make", "pem"), [(proofs.RsaVerifier, NOT_RSA), (proofs.RsaSigner, NOT_RSA_OWN)]
)
def test_only_rsa_keys_are_taken(make: type, pem: bytes) -> None:
    """Not one of another kind (RFC 8410, 10), nor a text that is none."""
    with pytest.raises(ValueError, match="not an RSA key"):
        make(pem)
    with pytest.raises(ValueError, match=r"(?i)pem|key"):
        make(b"no key")


@pytest.mark.parametrize("make", [proofs.RsaVerifier, proofs.RsaSigner])
def test_without_the_library_it_is_named(make: type, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not pure Python, so it may not be there."""
    for name in [name for name in sys.modules if name.startswith("cryptography")]:
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ImportError, match="cryptography"):
        make((KEYS / "bank.pem").read_bytes())
