"""Who is calling: addresses, HTTP Basic, signed addresses."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, get_args

import pytest

from callback import proofs, readers, signature
from callback.limits import OPS_PASS_S
from callback.model import Outcome, Refuse
from callback.settings import SettingsError, load
from tests.support.processes import write_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from subprocess import CompletedProcess

    from callback.bank import Bank, Settings
    from tests.conftest import Engine
    from tests.support.processes import Endpoint

SETTINGS = {
    "TRUSTED_PROXIES": 1,
    "SECRET_KEY": ["key-of-last-year-only-for-the-tests", "key-of-this-year-only-for-the-tests"],
}
BANKS = """
[BANKS.net]
protocol = "osmp"
allow = ["79.142.16.0/20", "2001:db8::/32"]

[BANKS.basic]
protocol = "osmp"
username = "qiwi"
password = ["old:colon", "пароль"]
weak_password = true

[BANKS.token]
protocol = "osmp"
url_token = true

[BANKS.all]
protocol = "osmp"
allow = ["79.142.16.0/20"]
username = "qiwi"
password = "right"
weak_password = true
url_token = true
"""
CHECK = "?command=check&account=1"


DAY = date(2026, 12, 31)
KEYS = (b"key-of-last-year", b"key-of-this-year")


def _bank(url_token: object, until: object = None) -> Bank:
    """A bank of the settings, in Almaty."""
    lines = f"url_token = {json.dumps(url_token)}\n"
    lines += f'url_token_until = "{until}"\n' if until else ""
    toml = f"""SECRET_KEY = "{"k" * 32}"
DATABASE = "sqlite:///x.db"
TIMEZONE = "Asia/Almaty"
CURRENCY = "KZT"
[BANKS.qiwi]
protocol = "osmp"
{lines}"""
    with TemporaryDirectory() as folder:
        return load(write_settings(toml, Path(folder))).banks["qiwi"]


@pytest.mark.parametrize(("generation", "text"), [(1, b"qiwi"), (2, b"qiwi/2"), (3, b"qiwi/3")])
def test_a_token_stays_what_it_is(generation: int, text: bytes) -> None:
    """A bank has it in its settings: a release that made another would lock the bank out."""
    key = hashlib.sha256(b"callback-address" + b"signer" + KEYS[0]).digest()
    digest = hmac.new(key, text, hashlib.sha256).digest()
    token = base64.urlsafe_b64encode(digest).rstrip(b"=")

    assert signature.url_tokens("qiwi", KEYS[:1], (generation,)) == [token]


def test_without_a_token_in_the_address_there_is_none() -> None:
    """Neither to hand to the bank, nor to compare with."""
    bank = _bank(url_token=True).but(url_token=())
    assert signature.bank_tokens(bank, KEYS) == []
    assert signature.newest_token(bank, KEYS) == ""


@pytest.mark.parametrize(
    ("url_token", "until", "now", "good"),
    [
        (True, None, "2026-12-01", [1]),
        (1, None, "2026-12-01", [1]),
        (2, None, "2026-12-01", [2]),
        ([1, 2], None, "2027-01-01", [1, 2]),
        (2, DAY, "2026-12-31T18:59:59", [1, 2]),  # in Almaty it is still that day
        (2, DAY, "2026-12-31T19:00:00", [2]),
        ([1, 2, 3], DAY, "2026-12-31T18:59:59", [1, 2, 3]),
        ([1, 2, 3], DAY, "2026-12-31T19:00:00", [3]),
    ],
)
def test_one_banks_token_is_replaced_alone(
    url_token: object, until: object, now: str, good: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one before is good as long as ops says, on each day that the bank calls such."""
    monkeypatch.setattr(signature, "utc_now", lambda: datetime.fromisoformat(now))
    bank = _bank(url_token, until)
    wanted = [token for n in good for token in signature.url_tokens("qiwi", KEYS, (n,))]

    assert signature.bank_tokens(bank, KEYS) == wanted
    assert signature.newest_token(bank, KEYS) == wanted[-1].decode()
    assert len({*signature.url_tokens("qiwi", KEYS, (1, 2, 3))}) == 6


@pytest.mark.parametrize("url_token", [False, True, 1])
def test_a_last_day_wants_another_token(url_token: object) -> None:
    """Else nothing would end."""
    with pytest.raises(SettingsError, match="url_token_until: expected url_token = 2 or more"):
        _bank(url_token, DAY)


PROXIES = readers.proxies(["10.0.0.0/24", "::1"])


@pytest.mark.parametrize(
    ("forwarded", "peer", "caller"),
    [
        ("79.142.16.1", "10.0.0.10", "79.142.16.1"),
        ("1.2.3.4, 79.142.16.1", "10.0.0.10", "79.142.16.1"),  # the caller wrote the first
        ("79.142.16.1, 10.0.0.7", "::1", "79.142.16.1"),  # two of ours, one behind the other
        ("79.142.16.1:443", "::ffff:10.0.0.10", "79.142.16.1"),
        ("79.142.16.1", "10.0.1.10", "10.0.1.10"),  # nobody of ours says so
        ("10.0.0.7", "10.0.0.10", "10.0.0.7"),
        ("", "10.0.0.10", "10.0.0.10"),
        ("79.142.16.1", "", ""),
    ],
)
def test_a_proxy_is_believed_by_its_address(forwarded: str, peer: str, caller: str) -> None:
    """Whoever reaches our port may write the header: only ours are believed."""
    environ = {"REMOTE_ADDR": peer} | ({"HTTP_X_FORWARDED_FOR": forwarded} if forwarded else {})
    assert signature.caller(environ, PROXIES) == caller
    for proxies in (0, 1, PROXIES):
        assert signature.caller({}, proxies) == ""


def basic(user: str, password: str) -> dict[str, str]:
    """The header of HTTP Basic."""
    encoded = base64.b64encode(f"{user}:{password}".encode()).decode()
    return {"Authorization": f"Basic {encoded}"}


@pytest.mark.parametrize(
    ("forwarded", "status"),
    [
        ("79.142.16.1", 200),
        ("79.142.31.255", 200),
        ("79.142.32.0", 403),
        ("2001:db8:1::5", 200),
        ("2001:db9::5", 403),
        ("::ffff:79.142.16.1", 200),  # IPv4 on a socket that speaks IPv6
        ("1.2.3.4, 79.142.16.1", 200),  # the proxy itself wrote the last one
        ("79.142.16.1, 1.2.3.4", 403),  # the caller wrote the first one
        ("79.142.16.1, ", 403),
        ("unknown", 403),
        ("79.142.16.1:443", 200),  # some proxies name the caller's port, too
        ("79.142.32.0:443", 403),
        ("[2001:db8:1::5]:443", 200),
        ("[2001:db8:1::5]", 200),
        ("[2001:db9::5]:443", 403),
        ("1.2.3.4, 79.142.16.1:443", 200),
        ("79.142.16.1:", 403),
        ("79.142.16.1:https", 403),
        ("[79.142.16.1", 403),
        (None, 403),  # not through the proxy: the peer itself, 127.0.0.1
    ],
)
def test_exactly_one_proxy_is_believed(
    endpoint: Endpoint, forwarded: str | None, status: int
) -> None:
    """The last entry of X-Forwarded-For is the proxy's; those before it are the caller's."""
    headers = {} if forwarded is None else {"X-Forwarded-For": forwarded}
    reply = endpoint.call(f"/net{CHECK}", headers=headers)

    assert reply.status == status
    assert (reply.body == b"") == (status != 200)


@pytest.mark.parametrize(
    ("proxies", "forwarded", "caller"),
    [
        (0, "79.142.16.1", "127.0.0.1"),
        (1, "79.142.16.1", "79.142.16.1"),
        (2, "79.142.16.1, 10.0.0.1", "79.142.16.1"),
        (2, "1.1.1.1, 79.142.16.1, 10.0.0.1", "79.142.16.1"),
        (2, "79.142.16.1", "127.0.0.1"),
        (1, "", "127.0.0.1"),
        (2, "79.142.16.1:5000, 10.0.0.1:443", "79.142.16.1"),
    ],
)
def test_the_caller_is_counted_from_the_end(proxies: int, forwarded: str, caller: str) -> None:
    """Fewer entries than proxies: the call came past them."""
    environ = {"HTTP_X_FORWARDED_FOR": forwarded, "REMOTE_ADDR": "127.0.0.1"}

    assert signature.caller(environ, proxies) == caller


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (basic("qiwi", "old:colon"), 200),
        (basic("qiwi", "пароль"), 200),
        (basic("qiwi", "old"), 401),
        (basic("qiwi", ""), 401),
        (basic("QIWI", "old:colon"), 401),
        (basic("", "old:colon"), 401),
        ({}, 401),
        ({"Authorization": "Basic"}, 401),
        ({"Authorization": "Basic !!!"}, 401),
        ({"Authorization": "Basic " + base64.b64encode(b"\xff:\xff").decode()}, 401),
        ({"Authorization": "Bearer " + base64.b64encode(b"qiwi:old:colon").decode()}, 401),
        ({"Authorization": basic("qiwi", "old:colon")["Authorization"].rstrip("=")}, 200),
        ({"Authorization": basic("qiwi", "пароль")["Authorization"].rstrip("=")}, 200),
        ({"Authorization": basic("qiwi", "old:colo")["Authorization"].rstrip("=")}, 401),
        ({"Authorization": "Basic A"}, 401),
        ({"Authorization": "basic " + base64.b64encode(b"qiwi:old:colon").decode()}, 200),
    ],
)
def test_basic_is_compared_whole(endpoint: Endpoint, headers: dict[str, str], status: int) -> None:
    """Either of two passwords; a password may hold colons and any letters."""
    reply = endpoint.call(f"/basic{CHECK}", headers=headers)

    assert reply.status == status
    if status == 401:
        assert reply.headers["WWW-Authenticate"] == 'Basic realm="callback"'
        assert reply.body == b""


@pytest.mark.parametrize(
    ("headers", "why"),
    [
        ({}, "no Authorization came"),
        ({"Authorization": "Bearer x"}, "not that of HTTP Basic"),
        ({"Authorization": "Basic !!!"}, "cannot be read"),
        (basic("qiwi", "wrong"), None),
    ],
)
def test_the_log_says_why_basic_was_refused(
    endpoint: Endpoint, headers: dict[str, str], why: str | None
) -> None:
    """A web server may hide the header: nobody must look for a wrong password then."""
    endpoint.call(f"/basic{CHECK}", headers=headers)
    line = endpoint.log()[-1]

    assert line["outcome"] == "not_authenticated"
    assert why in line["why"] if why else "why" not in line


def test_the_log_says_that_a_proxy_may_be_believed(endpoint: Endpoint) -> None:
    """A refused address may be that of a proxy of ours."""
    endpoint.call(f"/net{CHECK}", headers={"X-Forwarded-For": "79.142.16.1, 10.0.0.1"})
    line = endpoint.log()[-1]

    assert (line["outcome"], line["address"]) == ("bad_address", "10.0.0.1")
    assert "TRUSTED_PROXIES = 1" in line["why"]


@pytest.mark.parametrize(
    "name", ["HTTP_AUTHORIZATION", "REDIRECT_HTTP_AUTHORIZATION", "Authorization"]
)
def test_basic_is_found_where_web_servers_leave_it(name: str) -> None:
    """CGI and FastCGI hide the header (hosting.md, section 4)."""
    header = basic("qiwi", "right")["Authorization"]

    assert signature.credentials({name: header}) == (b"qiwi", b"right")


def test_the_address_of_the_command_is_the_one_that_answers(
    endpoint: Endpoint, command: Callable[..., CompletedProcess[str]]
) -> None:
    """And no other; a stranger learns nothing."""
    address = command("url", "token").stdout.strip()
    assert endpoint.call(address + CHECK).status == 200
    for wrong in ("/token", "/token/", address[:-1], address + "x", f"{address}/", "/token/ё"):
        path = wrong.encode() if wrong.isascii() else b"/token/%D1%91"
        reply = endpoint.call(path + CHECK.encode())
        assert (reply.status, reply.body) == (404, b""), wrong


def test_tokens_of_old_keys_stay_good_while_keys_rotate(endpoint: Endpoint) -> None:
    """A token of a key that is not in the list, or of another bank, is not."""
    keys = [
        f"key-of-{who}-only-for-the-tests".encode()
        for who in ("last-year", "this-year", "a-stranger")
    ]
    tokens = [token.decode() for token in signature.url_tokens("token", keys)]
    other = signature.url_tokens("basic", keys[:1])[0].decode()

    statuses = [endpoint.call(f"/token/{one}{CHECK}").status for one in [*tokens, other]]

    assert statuses == [200, 200, 404, 404]


def test_all_proofs_that_are_set_must_hold(
    engine: Engine, endpoint: Endpoint, command: Callable[..., CompletedProcess[str]]
) -> None:
    """In the order token, address, Basic; nothing is recorded, each is an alarm in the log."""
    engine.account("1")
    address = command("url", "all").stdout.strip()
    inside = {"X-Forwarded-For": "79.142.16.1"}
    pay = "?command=pay&txn_id=1&account=1&sum=1.00&txn_date=20261103091500"

    statuses = [
        endpoint.call("/all/x" + pay, headers=inside | basic("qiwi", "right")).status,
        endpoint.call(address + pay, headers=basic("qiwi", "right")).status,
        endpoint.call(address + pay, headers=inside).status,
        endpoint.call(address + pay, headers=inside | basic("qiwi", "wrong")).status,
    ]

    assert statuses == [404, 403, 401, 401]
    assert engine.rows("SELECT COUNT(*) FROM payment") == [(0,)]
    outcomes = ["bad_token", "bad_address", "not_authenticated", "not_authenticated"]
    assert [(line["outcome"], line["alarm"]) for line in endpoint.log()[-4:]] == [
        (outcome, True) for outcome in outcomes
    ]
    assert endpoint.call(address + pay, headers=inside | basic("qiwi", "right")).status == 200
    assert engine.rows("SELECT COUNT(*) FROM payment") == [(1,)]


def test_a_text_is_signed_as_openssl_does() -> None:
    """printf %s 260440010120202sheet-secret-1 | openssl dgst -md5."""
    assert proofs.md5_hex(b"2604400101", b"20202", b"sheet-secret-1") == (
        "430aaa1181843fb0dad491dbac6b0160"
    )
    assert not proofs.same("ё", "430aaa1181843fb0dad491dbac6b0160")


# What is known of a caller without a call over the network.

KEY = "key-of-the-tests-" * 2
KINDS = f"""
SECRET_KEY = "{KEY}"
DATABASE = "sqlite:///x.db"
TIMEZONE = "Asia/Almaty"
CURRENCY = "KZT"
PUBLIC_URL = "https://pay.example.kz"
[EXCHANGE]
token = [1, 2]
[BANKS.address]
protocol = "osmp"
allow = ["79.142.16.0/20"]
username = "qiwi"
password = "a-right-password-of-the-bank"
[BANKS.token]
protocol = "osmp"
url_token = true
[BANKS.basic]
protocol = "osmp"
username = "qiwi"
password = "a-right-password-of-the-bank"
[BANKS.sign]
protocol = "click"
secret = "a-right-secret-of-the-bank"
service_id = "1"
[BANKS.sign_token]
protocol = "click"
url_token = true
secret = "a-right-secret-of-the-bank"
service_id = "1"
[BANKS.inside]
protocol = "paynet_soap"
username = "paynet"
password = "a-right-password-of-the-bank"
service_id = 1
[BANKS.inside_token]
protocol = "paynet_soap"
url_token = true
username = "paynet"
password = "a-right-password-of-the-bank"
service_id = 1
[BANKS.changes]
protocol = "paynet"
username = "paynet"
password = "a-right-password-of-the-bank"
service_id = 1
[BANKS.early]
protocol = "alif"
username = "alif"
password = "a-right-password-of-the-bank"
[BANKS.early_token]
protocol = "alif"
url_token = true
username = "alif"
password = "a-right-password-of-the-bank"
"""
OUTCOMES: set[Outcome] = {*get_args(Outcome)}
DOOR: set[Outcome] = {"bad_token", "bad_address", "not_authenticated", "bad_signature"}
# A proof that stands inside is looked at when the request is read and its command is known.
SHAPE: set[Outcome] = {"bad_method", "unknown_command", "unreadable"}
# A signature is looked at when all that it is about is there.
PARTS: set[Outcome] = {"bad_request", "bad_type", "missing"}


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A bank of each kind."""
    return load(write_settings(KINDS, tmp_path_factory.mktemp("kinds")))


@pytest.mark.parametrize(
    ("name", "peer", "read", "unread"),
    [
        ("address", "79.142.16.1", set(), set()),
        ("address", "1.2.3.4", DOOR | SHAPE | PARTS | {"temporary"}, OUTCOMES),
        ("token", "1.2.3.4", DOOR, DOOR),
        ("basic", "1.2.3.4", DOOR, DOOR),
        ("sign", "1.2.3.4", DOOR | SHAPE | PARTS, OUTCOMES),
        ("sign_token", "1.2.3.4", DOOR, DOOR),
        ("inside", "1.2.3.4", DOOR | SHAPE, OUTCOMES),
        # Without a database nobody knows whether a changed password is right.
        ("inside_token", "1.2.3.4", DOOR, DOOR | {"temporary"}),
        ("changes", "1.2.3.4", DOOR, DOOR | {"temporary"}),
        # alif.md, section 4: the method comes before the header, but not before the token.
        ("early", "1.2.3.4", DOOR | {"bad_method"}, DOOR | {"bad_method"}),
        ("early_token", "1.2.3.4", DOOR, DOOR),
    ],
)
def test_who_has_proved_nothing_is_a_stranger(
    known: Settings, name: str, peer: str, read: set[Outcome], unread: set[Outcome]
) -> None:
    """Whatever may become of a call, whether the dialect has read it or not."""

    def strange(*, is_read: bool) -> set[Outcome]:
        bank, environ = known.banks[name], {"REMOTE_ADDR": peer}
        return {
            outcome
            for outcome in OUTCOMES
            if signature.is_stranger(bank, outcome, environ, known, is_read=is_read)
        }

    assert strange(is_read=True) == read
    assert strange(is_read=False) == unread


class Asked:
    """A database that notes how old the call is, and knows of no password that a bank has set."""

    def __init__(self) -> None:
        self.ages: list[float] = []
        self.rows: list[dict[str, Any]] = []

    @contextmanager
    def session(self, age: float) -> Iterator[Asked]:
        self.ages.append(age)
        yield self

    def run(self, *_: str, **__: Any) -> Asked:
        return self


GOOD = base64.b64encode(b"paynet:a-right-password-of-the-bank").decode()
BAD = base64.b64encode(b"paynet:a-wrong-password-of-the-bank").decode()


@pytest.mark.parametrize(
    ("token", "address", "letters", "outcome", "asked"),
    [
        ("x", "1.2.3.4", BAD, "bad_token", False),
        (None, "79.142.16.1", GOOD, "bad_token", False),
        ("", "79.142.16.1", GOOD, "bad_token", False),
        ("good", "1.2.3.4", GOOD, "bad_address", False),
        ("good", "79.142.16.1", BAD, "not_authenticated", True),
        ("good", "79.142.16.1", "", "not_authenticated", False),
        ("good", "79.142.16.1", GOOD, None, True),
    ],
)
def test_whoever_fetches_a_list_proves_all(  # noqa: PLR0917
    known: Settings,
    token: str | None,
    address: str,
    letters: str,
    outcome: Outcome | None,
    asked: bool,
) -> None:
    """In the order token, address, password; a stranger costs the database nothing."""
    (good,) = signature.url_tokens("changes", known.secret_keys)
    given = known.but(trusted_proxies=1)
    bank = known.banks["changes"].but(url_token=(1,), allow=known.banks["address"].allow)
    environ = {"REMOTE_ADDR": "10.0.0.1", "HTTP_X_FORWARDED_FOR": address}
    environ |= {"HTTP_AUTHORIZATION": f"Basic {letters}"}
    database: Any = Asked()
    token = good.decode() if token == "good" else token

    assert signature.refuse_caller(bank, token, environ, given, database) == outcome
    assert database.ages == [0.0] * asked


@pytest.mark.parametrize(
    ("name", "given", "outcome", "ages"),
    [
        ("inside", (b"paynet", b"a-right-password-of-the-bank"), None, [2.5]),
        ("inside", (b"paynet", b"a-wrong-password-of-the-bank"), "not_authenticated", [2.5]),
        ("inside", (b"Paynet", b"a-right-password-of-the-bank"), "not_authenticated", []),
        ("inside", None, None, []),
        ("basic", (b"qiwi", b"a-right-password-of-the-bank"), None, []),
        ("basic", (b"QIWI", b"a-right-password-of-the-bank"), "not_authenticated", []),
        ("basic", (b"qiwi", b"a-wrong-password-of-the-bank"), "not_authenticated", []),
    ],
)
def test_a_password_that_came_inside_is_looked_at(
    known: Settings, name: str, given: Any, outcome: Outcome | None, ages: list[float]
) -> None:
    """As one in the header; the time that the call has lain in a queue counts."""
    bank, database = known.banks[name], Asked()
    asked: Any = database
    assert signature.refuse_credentials(bank, given, asked, 2.5) == outcome
    assert signature.refuse_credentials(bank, given, asked) == outcome
    assert database.ages == [age for wanted in ages for age in (wanted, 0.0)]
    if given:
        letters = base64.b64encode(b":".join(given)).decode()
        environ = {"HTTP_AUTHORIZATION": f"Basic {letters}"}
        database.ages = []
        assert signature.refuse_login(bank, environ, asked, 2.5) == outcome
        assert signature.refuse_login(bank, environ, asked) == outcome
        assert database.ages == [age for wanted in ages for age in (wanted, 0.0)]


def test_what_may_be_anybodys_proves_nothing() -> None:
    """Nor does what could not be read, or ended before anything was known."""
    ended = {
        name: {
            outcome
            for outcome in OUTCOMES
            if signature.has_proved(Refuse(name=name, outcome=outcome), outcome)
        }
        for name in ("pay", "")
    }
    assert ended == {"pay": OUTCOMES - DOOR - SHAPE - PARTS - {"temporary"}, "": set()}


@pytest.mark.parametrize(
    ("name", "outcome", "token", "header", "tried"),
    [
        ("token", "bad_token", "", "", False),
        ("token", "bad_token", "x", "", True),
        ("token", "bad_token", "", "Basic eA==", False),
        ("basic", "not_authenticated", "", "", False),
        ("basic", "not_authenticated", "x", "", False),
        ("basic", "not_authenticated", "", "Basic eA==", True),
        ("inside", "not_authenticated", "", "", True),
        ("sign", "not_authenticated", "", "", True),
        ("sign", "bad_signature", "", "Basic eA==", True),
    ],
)
def test_a_call_without_a_proof_is_no_wrong_one(  # noqa: PLR0917
    known: Settings, name: str, outcome: Outcome, token: str, header: str, tried: bool
) -> None:
    """Some clients first call without any; what stands inside was brought."""
    environ = {"HTTP_AUTHORIZATION": header}
    assert signature.has_tried(known.banks[name], outcome, token, environ) is tried


def test_a_bank_may_prove_more_than_its_token_and_address(known: Settings) -> None:
    """By a password or by what its dialect signs."""
    more = {name for name, bank in known.banks.items() if signature.proves_more(bank)}
    assert known.banks.keys() - more == {"token"}


RIGHT = base64.b64encode(b"qiwi:a-right-password-of-the-bank").decode()
OTHER_NAME = base64.b64encode(b"QIWI:a-right-password-of-the-bank").decode()


@pytest.mark.parametrize(
    ("name", "outcome", "environ", "why"),
    [
        ("basic", "not_authenticated", {}, "no Authorization came: the bank sends none, or the "),
        ("basic", "not_authenticated", {"HTTP_AUTHORIZATION": "Basic !"}, "Authorization is not "),
        (
            *("basic", "not_authenticated", {"HTTP_AUTHORIZATION": f"Basic {OTHER_NAME}"}),
            "the password is right, the user name is another",
        ),
        (
            *("basic", "not_authenticated", {"HTTP_AUTHORIZATION": f"Basic {RIGHT}"}),
            "the bank has set another password itself: see flask password basic",
        ),
        ("basic", "not_authenticated", {"HTTP_AUTHORIZATION": "Basic eDp5"}, ""),
        ("basic", "not_authenticated", {"HTTP_AUTHORIZATION": "Basic Og=="}, "Authorization is "),
        ("basic", "bad_token", {}, ""),
        ("basic", "bad_address", {}, ""),
        (
            *("basic", "bad_method", {"HTTP_X_FORWARDED_FOR": "1.2.3.4"}),
            "it is to be called by GET or POST; a redirect makes GET of POST",
        ),
        (
            *("basic", "bad_address", {"HTTP_X_FORWARDED_FOR": "1.2.3.4"}),
            "X-Forwarded-For came, and TRUSTED_PROXIES = 0 says whom to believe",
        ),
    ],
)
def test_the_log_says_what_may_be_changed(
    known: Settings, name: str, outcome: Outcome, environ: dict[str, str], why: str
) -> None:
    """And nothing where nobody knows; it never has what was sent."""
    told = signature.why_refused(known.banks[name], outcome, environ, known)
    assert told.startswith(why)
    assert bool(told) == bool(why)


def test_the_log_names_the_proxies_that_are_believed(known: Settings) -> None:
    """As the settings do."""
    given = known.but(trusted_proxies=readers.proxies(["10.0.0.0/24", "::1"]))
    environ = {"HTTP_X_FORWARDED_FOR": "1.2.3.4"}
    told = signature.why_refused(known.banks["address"], "bad_address", environ, given)
    assert "TRUSTED_PROXIES = ['10.0.0.0/24', '::1/128'] says" in told


@pytest.mark.parametrize(
    ("purpose", "age", "key", "good"),
    [
        ("doctor", 0, KEY, True),
        ("doctor", OPS_PASS_S, KEY, True),
        ("doctor", OPS_PASS_S + 1, KEY, False),
        ("health", 0, KEY, False),
        ("doctor", 0, KEY + "x", False),
    ],
)
def test_a_pass_is_for_one_purpose_and_ends(
    monkeypatch: pytest.MonkeyPatch, purpose: str, age: int, key: str, good: bool
) -> None:
    """By the clock of this machine; a key that goes is good while it is in the list."""
    monkeypatch.setattr("itsdangerous.timed.time.time", lambda: 1_800_000_000)
    token = signature.ops_pass(purpose, [key.encode()])
    monkeypatch.setattr("itsdangerous.timed.time.time", lambda: 1_800_000_000 + age)

    assert signature.is_ops_pass("doctor", token, [KEY.encode(), b"the-next-key"]) is good
    assert not signature.is_ops_pass("doctor", token[:-1], [KEY.encode()])


def test_the_passes_of_other_releases_are_good() -> None:
    """As anybody who has the settings can compute them, for the exchange and for ops."""
    digest = hashlib.sha256(b"ops-passsigner" + KEYS[0]).digest()
    signed = signature.ops_pass("doctor", KEYS[:1]).encode()
    text, _, sign = signed.rpartition(b".")
    assert base64.urlsafe_b64encode(hmac.new(digest, text, "sha256").digest()) == sign + b"="


@pytest.mark.parametrize(
    ("proxies", "environ", "good"),
    [
        (0, {"REMOTE_ADDR": "127.0.0.1"}, True),
        (0, {"REMOTE_ADDR": "::1"}, True),
        (0, {"REMOTE_ADDR": "10.0.0.1"}, False),
        (0, {}, False),
        (0, {"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": "127.0.0.1"}, False),
        (1, {"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": "127.0.0.1"}, True),
        (1, {"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": "1.2.3.4"}, False),
        (1, {"REMOTE_ADDR": "10.0.0.1", "HTTP_X_FORWARDED_FOR": "127.0.0.1"}, True),
    ],
)
def test_only_this_machine_asks_for_health_without_a_token(
    known: Settings, proxies: int, environ: dict[str, str], good: bool
) -> None:
    """A token lets in from everywhere, and a wrong one from nowhere."""
    given = known.but(trusted_proxies=proxies)
    (token,) = signature.url_tokens("health", known.secret_keys)

    assert signature.may_ask_health("", environ, given) is good
    assert signature.may_ask_health(token.decode(), environ, given)
    assert not signature.may_ask_health("x", environ, given)


HTTPS = {"wsgi.url_scheme": "https"}


@pytest.mark.parametrize(
    ("environ", "good"),
    [
        (HTTPS, True),
        ({"HTTP_X_FORWARDED_PROTO": " HTTPS "}, True),
        (HTTPS | {"HTTP_X_FORWARDED_PROTO": "http"}, False),
        ({"REMOTE_ADDR": "127.0.0.1"}, True),
        ({"REMOTE_ADDR": "::1"}, True),
        ({"REMOTE_ADDR": "1.2.3.4"}, False),
        ({}, False),
        *[
            ({"REMOTE_ADDR": "127.0.0.1", f"HTTP_{name}": "x"}, False)
            for name in ("X_FORWARDED_FOR", "X_FORWARDED_PROTO", "FORWARDED")
        ],
    ],
)
def test_the_office_comes_by_tls_or_from_this_machine(
    known: Settings, environ: dict[str, str], good: bool
) -> None:
    """With one of its tokens; else nobody hears that there is an exchange."""
    assert signature.scheme({}) == ""
    first, second = signature.exchange_tokens(known)
    for token in (first, second):
        refusal = signature.refuse_exchange(token.decode(), environ, known)
        assert refusal == ("" if good else "not_encrypted")
    plain = known.but(exchange=known.exchange and known.exchange._replace(plain_http=True))
    assert signature.refuse_exchange(first.decode(), environ, plain) == ""
    for settings in (known, known.but(exchange=None)):
        for wrong in ("", "ключ", "\udcff", first.decode()[:-1]):
            assert signature.refuse_exchange(wrong, environ, settings) == "bad_token"
    assert signature.refuse_exchange(first.decode(), environ, known.but(exchange=None))


def test_the_tokens_of_the_exchange_stay_what_they_are(known: Settings) -> None:
    """The office has them in its settings; the older key's first, the newest last."""
    given = known.but(secret_keys=KEYS)
    tokens = [
        base64.urlsafe_b64encode(
            hmac.new(
                hashlib.sha256(b"callback-exchangesigner" + key).digest(), number, "sha256"
            ).digest()
        ).rstrip(b"=")
        for key in KEYS
        for number in (b"1", b"2")
    ]
    assert signature.exchange_tokens(given) == tokens
    assert signature.exchange_tokens(given.but(exchange=None)) == []


@pytest.mark.parametrize(
    ("header", "bare", "given"),
    [
        ("Basic eDp5", False, (b"x", b"y")),
        ("BASIC  eDp5 ", False, (b"x", b"y")),
        ("eDp5", False, (b"", b"")),
        ("eDp5", True, (b"x", b"y")),
        ("Basic eDp5", True, (b"x", b"y")),
        ("Bearer eDp5", True, (b"", b"")),
        ("eDp5Og==", True, (b"x", b"y:")),
        ("Basic eA", False, (b"x", b"")),
        ("Basic eD!!!!p5", False, (b"", b"")),
        ("", True, (b"", b"")),
    ],
)
def test_the_word_basic_may_lack_where_a_bank_leaves_it_out(
    header: str, bare: bool, given: tuple[bytes, bytes]
) -> None:
    """alif.md, section 2: the header is Base64 alone."""
    environ = {"HTTP_AUTHORIZATION": header}
    assert signature.credentials(environ, bare=bare) == given
    if not bare:
        assert signature.credentials(environ) == given


def test_the_word_basic_lacks_at_one_bank_alone(known: Settings) -> None:
    """That of which the sheet says so."""
    asked: Any = Asked()
    for name, outcome in (("early", None), ("basic", "not_authenticated")):
        bank = known.banks[name]
        pair = b":".join((bank.username.encode(), bank.password[0]))
        letters = {"HTTP_AUTHORIZATION": base64.b64encode(pair).decode()}
        assert signature.refuse_login(bank, letters, asked) == outcome
        words = {"HTTP_AUTHORIZATION": f"Basic {letters['HTTP_AUTHORIZATION']}"}
        assert signature.refuse_login(bank, words, asked) is None
