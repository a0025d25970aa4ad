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

from callback import proofs
from callback.protocols import PROTOCOLS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from callback.bank import Bank, Settings
    from callback.model import Outcome


OPS_PASS_S = 600  # long enough to paste it, too short to be found
# Where web servers leave the Authorization header (hosting.md, section 4): the usual place; after
# an Apache rewrite; some FastCGI wrappers.
AUTHORIZATION = ("HTTP_AUTHORIZATION", "REDIRECT_HTTP_AUTHORIZATION", "Authorization")


def refuse_caller(
    bank: Bank, token: str | None, environ: Mapping[str, str], settings: Settings
) -> Outcome | None:
    """Say what the caller fails to prove, or None when it is the bank. All that is set must hold.

    `token` is the part of the address behind the bank's name, where one is wanted.
    """
    outcome = refuse_origin(bank, token, environ, settings)
    if outcome is None and bank.password and not _basic(bank, environ):
        return "not_authenticated"
    return outcome


def refuse_origin(
    bank: Bank, token: str | None, environ: Mapping[str, str], settings: Settings
) -> Outcome | None:
    """Say what is wrong with the token or the caller's address."""
    if bank.url_token and not proofs.is_any(_raw(token), _tokens(bank.name, settings.secret_keys)):
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
        return proofs.is_any(_raw(token), url_tokens("health", settings.secret_keys))
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


def _raw(token: str | None) -> bytes:
    return (token or "").encode(errors="replace")


def _ops_signer(secret_keys: Sequence[bytes]) -> TimestampSigner:
    return TimestampSigner(secret_keys, salt="ops-pass", digest_method=hashlib.sha256)


def _allowed(bank: Bank, address: str) -> bool:
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    ip = getattr(ip, "ipv4_mapped", None) or ip
    return any(ip in network for network in bank.allow)


def credentials(environ: Mapping[str, str], *, bare: bool = False) -> tuple[bytes, bytes]:
    """Read user name and password of HTTP Basic; both empty when there are none.

    With `bare` the word Basic may be left out.
    """
    header = next((environ[name] for name in AUTHORIZATION if environ.get(name)), "")
    scheme, blank, encoded = header.partition(" ")
    if bare and not blank:
        scheme, encoded = "Basic", header
    try:
        raw = base64.b64decode(encoded.strip(), validate=True)
    except ValueError:
        raw = b""
    username, _, password = raw.partition(b":")  # a password may contain colons
    return (username, password) if scheme.lower() == "basic" else (b"", b"")


def _basic(bank: Bank, environ: Mapping[str, str]) -> bool:
    username, password = credentials(environ, bare=PROTOCOLS[bank.protocol].BARE_BASIC)
    right = hmac.compare_digest(username, bank.username.encode())
    return proofs.is_any(password, bank.password) and right
