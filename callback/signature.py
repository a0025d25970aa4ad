"""Is it really the bank? Addresses, HTTP Basic, the signed address, signatures of dialects.

Secrets are compared as bytes, in constant time, with every current key. Whatever cannot be read
is simply wrong.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import ipaddress
from functools import cache
from typing import TYPE_CHECKING

from itsdangerous import BadSignature, Signer, TimestampSigner

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from callback.settings import Bank, Settings
    from callback.words import Outcome

    Verifier = Callable[[bytes, bytes], bool]  # of a signature and the signed text
    RsaSigner = Callable[[bytes], bytes]

OPS_PASS_S = 600  # long enough to paste it, too short to be found
# Where web servers leave the Authorization header (hosting.md, section 4): the usual place; after
# an Apache rewrite; some FastCGI wrappers.
AUTHORIZATION = ("HTTP_AUTHORIZATION", "REDIRECT_HTTP_AUTHORIZATION", "Authorization")


def stranger(
    bank: Bank, token: str | None, environ: Mapping[str, str], settings: Settings
) -> Outcome | None:
    """Say what the caller fails to prove, or None when it is the bank. All that is set must hold.

    `token` is the part of the address behind the bank's name, where one is wanted.
    """
    outcome = stranger_at_gate(bank, token, environ, settings)
    if outcome is None and bank.password and not _basic(bank, environ):
        return "not_authenticated"
    return outcome


def stranger_at_gate(
    bank: Bank, token: str | None, environ: Mapping[str, str], settings: Settings
) -> Outcome | None:
    """Say what is wrong with the token or the caller's address."""
    if bank.url_token and not _any_is(token or "", _tokens(bank.name, settings.secret_keys)):
        return "bad_token"
    if bank.allow and not _allowed(bank, caller(environ, settings.trusted_proxies)):
        return "bad_address"
    return None


def url_tokens(bank_name: str, secret_keys: Iterable[bytes]) -> list[bytes]:
    """Make the tokens that are good in a bank's address, newest key last."""
    return [
        Signer(key, salt="callback-address", digest_method=hashlib.sha256).get_signature(bank_name)
        for key in secret_keys
    ]


@cache
def _tokens(bank_name: str, secret_keys: tuple[bytes, ...]) -> list[bytes]:
    """Once for each bank: a key is derived for every token."""
    return url_tokens(bank_name, secret_keys)


def ops_pass(purpose: str, secret_keys: Sequence[bytes]) -> str:
    """Sign an address of ours for somebody who holds the settings; it expires by itself."""
    return _ops_signer(secret_keys).sign(purpose).decode()


def is_ops_pass(purpose: str, token: str, secret_keys: Sequence[bytes]) -> bool:
    """Check what `ops_pass` made, not older than OPS_PASS_S."""
    try:
        signed = _ops_signer(secret_keys).unsign(token, max_age=OPS_PASS_S)
    except BadSignature:  # expired, too
        return False
    return signed == purpose.encode()


def may_ask_health(token: str, environ: Mapping[str, str], settings: Settings) -> bool:
    """Let a load balancer ask: one of this machine, or one that has the address with its token.

    A forwarding header that no proxy of ours has written means that the call is not from here.
    """
    if token:
        return _any_is(token, url_tokens("health", settings.secret_keys))
    if environ.get("HTTP_X_FORWARDED_FOR") and not settings.trusted_proxies:
        return False
    return caller(environ, settings.trusted_proxies) in ("127.0.0.1", "::1")


def caller(environ: Mapping[str, str], trusted_proxies: int) -> str:
    """Find the caller's address, believing exactly so many proxies in front of us.

    Each proxy appends the address that it saw, so the entries are counted from the end; what
    stands before them, the caller may have written. Fewer entries than proxies: the call did not
    come through them, and the peer is the caller.
    """
    forwarded = environ.get("HTTP_X_FORWARDED_FOR", "").split(",")
    if 0 < trusted_proxies <= len(forwarded) and forwarded != [""]:
        return forwarded[-trusted_proxies].strip()
    return environ.get("REMOTE_ADDR", "")


def md5_hex(*parts: bytes) -> str:
    """MD5 of the parts joined with nothing between, in lower-case hex: what old dialects sign."""
    return hashlib.md5(b"".join(parts), usedforsecurity=False).hexdigest()


def rsa_verifier(pem: bytes) -> Verifier:
    """Make what verifies RSA signatures (SHA-1, PKCS#1 v1.5) by a public key.

    ValueError when the text is no such key; ImportError without the library cryptography, which
    is not pure Python and so is not among the requirements.
    """
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 - few banks need it
    from cryptography.hazmat.primitives import hashes, serialization  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import padding, rsa  # noqa: PLC0415

    key = serialization.load_pem_public_key(pem)
    if not isinstance(key, rsa.RSAPublicKey):
        raise ValueError("not an RSA key")

    def verify(signature: bytes, text: bytes) -> bool:
        try:
            key.verify(signature, text, padding.PKCS1v15(), hashes.SHA1())  # noqa: S303 - theirs
        except InvalidSignature:
            return False
        return True

    return verify


def rsa_signer(pem: bytes) -> RsaSigner:
    """Make what signs as `rsa_verifier` verifies, with a private key; it raises the same."""
    from cryptography.hazmat.primitives import hashes, serialization  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import padding, rsa  # noqa: PLC0415

    key = serialization.load_pem_private_key(pem, password=None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise ValueError("not an RSA key")
    return lambda text: key.sign(text, padding.PKCS1v15(), hashes.SHA1())  # noqa: S303 - theirs


def same(given: str, expected: str) -> bool:
    """Compare a signature without leaking where the difference is; any characters may come."""
    return hmac.compare_digest(given.encode(errors="replace"), expected.encode())


def _ops_signer(secret_keys: Sequence[bytes]) -> TimestampSigner:
    return TimestampSigner(secret_keys, salt="ops-pass", digest_method=hashlib.sha256)


def _any_is(given: str, expected: Iterable[bytes]) -> bool:
    raw = given.encode(errors="replace")
    # No short cut: the time must not tell which key was right.
    return sum(hmac.compare_digest(raw, one) for one in expected) > 0


def _allowed(bank: Bank, address: str) -> bool:
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    ip = getattr(ip, "ipv4_mapped", None) or ip
    return any(ip in network for network in bank.allow)


def credentials(environ: Mapping[str, str]) -> tuple[bytes, bytes]:
    """Read user name and password of HTTP Basic; both empty when there are none."""
    header = next((environ[name] for name in AUTHORIZATION if environ.get(name)), "")
    scheme, _, encoded = header.partition(" ")
    try:
        raw = base64.b64decode(encoded.strip(), validate=True)
    except ValueError:
        raw = b""
    username, _, password = raw.partition(b":")  # a password may contain colons
    return (username, password) if scheme.lower() == "basic" else (b"", b"")


def _basic(bank: Bank, environ: Mapping[str, str]) -> bool:
    username, password = credentials(environ)
    right = hmac.compare_digest(username, bank.username.encode())
    right &= sum(hmac.compare_digest(password, one) for one in bank.password) > 0
    return right
