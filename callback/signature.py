"""Is it really the bank? Addresses, HTTP Basic, the signed address, signatures of dialects.

Secrets are compared as bytes, in constant time, with every current key. Whatever cannot be read
is simply wrong.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import ipaddress
import re
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from callback import passwords, proofs
from callback.clock import utc_now
from callback.limits import OPS_PASS_S
from callback.protocols import PROTOCOLS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from ipaddress import IPv4Address, IPv6Address

    from itsdangerous import TimestampSigner

    from callback.bank import Bank, Networks, Settings
    from callback.database import Database
    from callback.model import Command, Outcome


# Where web servers leave the Authorization header (hosting.md, section 4): the usual place; after
# an Apache rewrite; some FastCGI wrappers.
AUTHORIZATION = ("HTTP_AUTHORIZATION", "REDIRECT_HTTP_AUTHORIZATION", "Authorization")
CHALLENGE = 'Basic realm="callback"'  # RFC 7617: a realm must be there
# Some proxies name the caller's port, too: 79.142.16.1:443, [2001:db8::5]:443.
WITH_PORT = re.compile(r"\[(.*)\](?::[0-9]+)?|([0-9.]+):[0-9]+")
# What anybody hears; and where only a dialect proves something, what is said before it has.
AT_THE_DOOR = frozenset({"bad_token", "bad_address", "not_authenticated", "bad_signature"})
BEFORE_CREDENTIALS = AT_THE_DOOR | {"bad_method", "unknown_command", "unreadable"}
BEFORE_A_PROOF = BEFORE_CREDENTIALS | {"bad_request", "bad_type", "missing"}
UNPROVED = BEFORE_A_PROOF | {"temporary"}


def refuse_caller(
    bank: Bank,
    token: str | None,
    environ: Mapping[str, str],
    settings: Settings,
    database: Database,
) -> Outcome | None:
    """Say what the caller fails to prove, or None when it is the bank. All that is set must hold.

    `token` is the part of the address behind the bank's name, where one is wanted. DatabaseError
    where the bank may have changed its password and that is not known now.
    """
    origin = refuse_origin(bank, token, caller(environ, settings.trusted_proxies), settings)
    return origin or refuse_login(bank, environ, database)


def refuse_login(
    bank: Bank, environ: Mapping[str, str], database: Database, age: float = 0.0
) -> Outcome | None:
    """Say whether user name and password of HTTP Basic are wrong, where they are wanted.

    `age` as in `Database.session`; DatabaseError as in `refuse_caller`.
    """
    wrong = bank.password and not _are_the_banks(bank, *_sent(bank, environ), database, age)
    return "not_authenticated" if wrong else None


def refuse_credentials(
    bank: Bank, pair: tuple[bytes, bytes] | None, database: Database, age: float = 0.0
) -> Outcome | None:
    """Say whether user name and password are wrong that came inside of a request, if any did.

    `age` as in `Database.session`; DatabaseError as in `refuse_caller`.
    """
    right = pair is None or _are_the_banks(bank, *pair, database, age)
    return None if right else "not_authenticated"


def refuse_origin(
    bank: Bank, token: str | None, address: str, settings: Settings
) -> Outcome | None:
    """Say what is wrong with the token or the caller's address."""
    if bank.url_token and not proofs.is_any(_raw(token), bank_tokens(bank, settings.secret_keys)):
        return "bad_token"
    if bank.allow and not _allowed(bank, address):
        return "bad_address"
    return None


def why_refused(
    bank: Bank, outcome: Outcome, environ: Mapping[str, str], settings: Settings
) -> str:
    """Say what ops or the bank may have to change; for our log only."""
    if outcome == "not_authenticated" and not _authorization(environ):
        return "no Authorization came: the bank sends none, or the web server hides it"
    if outcome == "not_authenticated" and _sent(bank, environ) == (b"", b""):
        return "Authorization is not that of HTTP Basic, or cannot be read"
    if outcome == "not_authenticated" and passwords.is_in_settings(bank, _sent(bank, environ)[1]):
        return _why_wrong(bank, environ)
    if outcome == "bad_address" and environ.get("HTTP_X_FORWARDED_FOR"):
        proxies = settings.trusted_proxies
        shown = proxies if isinstance(proxies, int) else [str(network) for network in proxies]
        return f"X-Forwarded-For came, and TRUSTED_PROXIES = {shown} says whom to believe"
    if outcome == "bad_method":
        methods = " or ".join(PROTOCOLS[bank.protocol].METHODS)
        return f"it is to be called by {methods}; a redirect makes GET of POST"
    return ""


def _why_wrong(bank: Bank, environ: Mapping[str, str]) -> str:
    """Say why the password of the settings was not enough."""
    if _sent(bank, environ)[0] != bank.username.encode():
        return "the password is right, the user name is another"
    return f"the bank has set another password itself: see flask password {bank.name}"


def is_stranger(
    bank: Bank,
    outcome: Outcome,
    environ: Mapping[str, str],
    settings: Settings,
    *,
    is_read: bool,
) -> bool:
    """Say whether a call that ended so may have been anybody's; `is_read`: by the dialect."""
    if is_read and outcome not in UNPROVED:
        return False
    if bank.allow:
        return not _allowed(bank, caller(environ, settings.trusted_proxies))
    dialect = PROTOCOLS[bank.protocol]
    inside = dialect.CREDENTIALS_INSIDE
    if bank.url_token or (bank.password and not inside):
        # Without a database it is not known whether a changed password is right.
        unknown = dialect.CHANGES_PASSWORD and not is_read and outcome == "temporary"
        early = dialect.METHOD_FIRST and not bank.url_token and outcome == "bad_method"
        return outcome in AT_THE_DOOR or unknown or early
    return outcome in (BEFORE_CREDENTIALS if inside else BEFORE_A_PROOF) or not is_read


def has_tried(bank: Bank, outcome: Outcome, token: str, environ: Mapping[str, str]) -> bool:
    """Say whether a proof that was refused was one: some clients first call without any."""
    if outcome == "bad_token":
        return bool(token)
    by_header = bank.password and not PROTOCOLS[bank.protocol].CREDENTIALS_INSIDE
    return not by_header or bool(_authorization(environ))


def has_proved(command: Command, outcome: Outcome) -> bool:
    """Say whether a call that ended so has proved all that is asked for, for sure."""
    return bool(command.name) and outcome not in UNPROVED


def proves_more(bank: Bank) -> bool:
    """Say whether a bank proves more than its token and where it calls from."""
    return bool(bank.password) or any(map(bank.setting, PROTOCOLS[bank.protocol].PROOFS))


def bank_tokens(bank: Bank, secret_keys: tuple[bytes, ...]) -> list[bytes]:
    """Make the tokens that are good in a bank's address today, newest last; none without any."""
    last_day, generations = bank.url_token_until, bank.url_token
    if last_day and bank.local(utc_now()).date() > last_day:
        generations = generations[-1:]
    return url_tokens(bank.name, secret_keys, generations)


def newest_token(bank: Bank, secret_keys: tuple[bytes, ...]) -> str:
    """The token to hand to the bank; empty where its address has none."""
    return next((token.decode() for token in reversed(bank_tokens(bank, secret_keys))), "")


def url_tokens(
    name: str, secret_keys: Iterable[bytes], generations: tuple[int, ...] = (1,)
) -> list[bytes]:
    """Make the tokens that are good in the address of that name, newest last.

    The first generation is what there was before a bank's could be replaced alone.
    """
    return _signed(name, tuple(secret_keys), generations)


@cache
def _signed(name: str, keys: tuple[bytes, ...], generations: tuple[int, ...]) -> list[bytes]:
    """Once for each bank: a key is derived for every token."""
    from itsdangerous import Signer

    texts = [name if number == 1 else f"{name}/{number}" for number in generations]
    return [
        Signer(key, salt="callback-address", digest_method=hashlib.sha256).get_signature(text)
        for text in texts
        for key in keys
    ]


def ops_pass(purpose: str, secret_keys: Sequence[bytes]) -> str:
    """Sign an address of ours for somebody who holds the settings; it expires by itself."""
    return _ops_signer(secret_keys).sign(purpose).decode()


def is_ops_pass(purpose: str, token: str, secret_keys: Sequence[bytes]) -> bool:
    """Check what `ops_pass` made, not older than OPS_PASS_S."""
    from itsdangerous import BadSignature

    try:
        text = _ops_signer(secret_keys).unsign(token, max_age=OPS_PASS_S)
    except BadSignature:  # expired, too
        return False
    return text == purpose.encode()


def may_ask_health(token: str, environ: Mapping[str, str], settings: Settings) -> bool:
    """Let a load balancer ask: one of this machine, or one that has the address with its token.

    A forwarding header that no proxy of ours has written means that the call is not from here.
    """
    if token:
        return proofs.is_any(_raw(token), url_tokens("health", settings.secret_keys))
    if environ.get("HTTP_X_FORWARDED_FOR") and not settings.trusted_proxies:
        return False
    return caller(environ, settings.trusted_proxies) in ("127.0.0.1", "::1")


def exchange_tokens(settings: Settings) -> list[bytes]:
    """Make the tokens that are good in the addresses of the exchange, newest last.

    `token` of [EXCHANGE] replaces them, and no bank's with them.
    """
    from itsdangerous import Signer

    generations = settings.exchange.token if settings.exchange else ()
    return [
        Signer(key, salt="callback-exchange", digest_method=hashlib.sha256).get_signature(f"{n}")
        for key in settings.secret_keys
        for n in generations
    ]


def refuse_exchange(token: str, environ: Mapping[str, str], settings: Settings) -> str:
    """Say what the caller of the exchange fails to prove; nothing when it is the office."""
    if settings.exchange is None or not proofs.is_any(_raw(token), exchange_tokens(settings)):
        return "bad_token"
    is_safe = scheme(environ) == "https" or settings.exchange.plain_http or _is_here(environ)
    return "" if is_safe else "not_encrypted"


def scheme(environ: Mapping[str, str]) -> str:
    """How the caller came, as far as we are told; what ends TLS in front of us says so."""
    name = environ.get("HTTP_X_FORWARDED_PROTO") or environ.get("wsgi.url_scheme", "")
    return name.strip().lower()


def _is_here(environ: Mapping[str, str]) -> bool:
    """Whether the call comes from this machine, through nobody."""
    forwarded = ("HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_PROTO", "HTTP_FORWARDED")
    here = environ.get("REMOTE_ADDR") in ("127.0.0.1", "::1")
    return here and not any(environ.get(name) for name in forwarded)


def caller(environ: Mapping[str, str], trusted_proxies: int | Networks) -> str:
    """Find the caller's address, believing exactly so many proxies in front of us, or these.

    Each proxy appends the address that it saw, so the entries are counted from the end; what
    stands before them, the caller may have written. Fewer entries than proxies: the call did not
    come through them, and the peer is the caller.
    """
    header = environ.get("HTTP_X_FORWARDED_FOR")
    hops = [_without_port(hop.strip()) for hop in header.split(",")] if header else []
    peer = _without_port(environ.get("REMOTE_ADDR", ""))
    if not isinstance(trusted_proxies, int):
        return _first_unknown(hops, peer, trusted_proxies)
    return hops[-trusted_proxies] if 0 < trusted_proxies <= len(hops) else peer


def _first_unknown(hops: list[str], peer: str, proxies: Networks) -> str:
    """Go back from the peer while it is a proxy of ours: nobody else's word is taken."""
    while hops and _is_in(peer, proxies):
        peer = hops.pop()
    return peer


@lru_cache(maxsize=256)
def _without_port(address: str) -> str:
    match = WITH_PORT.fullmatch(address)
    return match[1] or match[2] if match else address


def _raw(token: str | None) -> bytes:
    return (token or "").encode(errors="replace")


def _ops_signer(secret_keys: Sequence[bytes]) -> TimestampSigner:
    from itsdangerous import TimestampSigner

    return TimestampSigner(secret_keys, salt="ops-pass", digest_method=hashlib.sha256)


def _allowed(bank: Bank, address: str) -> bool:
    return _is_in(address, bank.allow)


def _is_in(address: str, networks: Networks) -> bool:
    ip = ip_of(address)
    return ip is not None and any(ip in network for network in networks)


@lru_cache(maxsize=256)
def ip_of(address: str) -> IPv4Address | IPv6Address | None:
    """Read an address, once for each of the few that banks call from; None where it is none."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return None
    return getattr(ip, "ipv4_mapped", None) or ip


def one_caller(ip: IPv4Address | IPv6Address) -> str:
    """What counts as one caller: an address, of IPv6 a /64, which one line is given."""
    return str(ip) if ip.version == 4 else str(ipaddress.ip_network((ip, 64), strict=False))


def credentials(environ: Mapping[str, str], *, bare: bool = False) -> tuple[bytes, bytes]:
    """Read user name and password of HTTP Basic; both empty when there are none.

    With `bare` the word Basic may be left out.
    """
    header = _authorization(environ)
    word, blank, letters = header.partition(" ")
    is_bare = bare and not blank
    letters = (header if is_bare else letters).strip()
    try:
        # Some leave the padding out.
        raw = base64.b64decode(letters + "=" * (-len(letters) % 4), validate=True)
    except ValueError:
        raw = b""
    username, _, password = raw.partition(b":")  # a password may contain colons
    return (username, password) if is_bare or word.lower() == "basic" else (b"", b"")


def _authorization(environ: Mapping[str, str]) -> str:
    return next((environ[name] for name in AUTHORIZATION if environ.get(name)), "")


def _sent(bank: Bank, environ: Mapping[str, str]) -> tuple[bytes, bytes]:
    return credentials(environ, bare=PROTOCOLS[bank.protocol].BARE_BASIC)


def _are_the_banks(
    bank: Bank, username: bytes, password: bytes, database: Database, age: float
) -> bool:
    right = hmac.compare_digest(username, bank.username.encode())
    if not PROTOCOLS[bank.protocol].CHANGES_PASSWORD:
        return passwords.is_in_settings(bank, password) and right
    if not right:  # a stranger costs the database nothing
        return False
    with database.session(age) as session:
        return passwords.is_right(session, bank, password)
