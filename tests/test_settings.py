"""Every fault of the settings file is named at once, by its key; a secret is never shown."""

from __future__ import annotations

import math
import os
import random
import re
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from callback import create_app, readers, settings
from callback.settings import SettingsError
from callback.tools.words import language_of
from tests.conftest import flask
from tests.support.processes import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

GOOD = """
SECRET_KEY = ["old-key-of-last-year-old-key-of-last-year", "hidden-key-of-this-year-and-only-it"]
DATABASE = "mysql://usu:hidden%40word@db1:3306,[::1]:3307,db3/books?insecure=true"
TIMEZONE = "Asia/Almaty"
CURRENCY = "KZT"

[BANKS.qiwi]
protocol = "osmp"
allow = ["79.142.16.0/20", "2001:db8::/32", "10.0.0.1"]
username = "qiwi"
password = "hidden:colons-are-fine"
secret = "hidden-secret"
timezone = "Europe/Moscow"
codes = { account_blocked = "79", temporary = 2 }
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The settings file."""
    path = tmp_path / "config.toml"
    path.write_text(GOOD)
    return path


def faults(file: Path, text: str) -> list[str]:
    """The lines that a settings file is refused with, without its own path."""
    file.write_text(text)
    with pytest.raises(SettingsError) as caught:
        settings.load(file)
    return str(caught.value).splitlines()[1:]


def test_good_settings_are_read(file: Path) -> None:
    """All of them, typed."""
    given = settings.load(file)
    qiwi = given.banks["qiwi"]

    assert given.engine.hosts == [("db1", 3306), ("::1", 3307), ("db3", 3306)]  # type: ignore[attr-defined]
    assert given.engine.password == "hidden@word"  # type: ignore[attr-defined]
    assert [str(network) for network in qiwi.allow] == [
        "79.142.16.0/20",
        "2001:db8::/32",
        "10.0.0.1/32",
    ]
    assert qiwi.code("pay", "account_blocked") == "79"
    assert qiwi.code("pay", "temporary") == "2"
    assert qiwi.timezone.key == "Europe/Moscow"


def test_no_secret_is_in_a_repr(file: Path) -> None:
    """Of the settings, a bank, the database."""
    assert "hidden" not in repr(settings.load(file))


def test_every_fault_is_named_at_once(file: Path) -> None:
    """Each line has the key and what is wanted."""
    found = faults(
        file,
        """
DATABASE = "postgres://hidden@host/db"
TIMEZONE = "Almaty"
CURRENCY = "tenge"
TRUSTED_PROXIES = "1"
TRUSTED_PROXYS = 1

[BANKS.qiwi]
protocol = "osmp"
alow = ["127.0.0.1"]

[BANKS.kaspi]
protocol = "kaspi"
allow = ["79.142.16.1/20"]
min_sum = 1.0
max_sum = "1,00"
account_pattern = "[0-9"
url_token = "yes"
show = ["debts"]
format = "yaml"
payer = "customer"
codes = { bloked = "1" }

[BANKS.mars]
protocol = "martian"

[BANKS."no name"]
protocol = "osmp"
""",
    )

    for wanted in (
        "TRUSTED_PROXYS: no such key; TRUSTED_PROXIES?",
        "SECRET_KEY: missing",
        "DATABASE: expected mysql://user:password@host:3306/database",
        'TIMEZONE: expected a time zone such as "Asia/Almaty"',
        'CURRENCY: expected three letters such as "KZT"',
        "TRUSTED_PROXIES: expected a whole number from 0 to 10, without quotes; or addresses, as "
        "in allow",
        "BANKS.qiwi.alow: no such key; allow?",
        "BANKS.kaspi.allow: expected a list of addresses and networks",
        'BANKS.kaspi.min_sum: expected a sum in quotes with a dot and two decimals such as "1.00"',
        "BANKS.kaspi.max_sum: expected a sum in quotes",
        "BANKS.kaspi.account_pattern: expected a regular expression",
        "BANKS.kaspi.url_token: expected true or false, without quotes",
        'BANKS.kaspi.show: expected a list of "name", "address", "debt"',
        'BANKS.kaspi.format: expected one of "json", "xml"',
        'BANKS.kaspi.payer: expected one of "account", "invoice"',
        "BANKS.mars.protocol: expected one of osmp, kaspi",
        "BANKS.no name: expected a table named by",
    ):
        assert any(line.startswith(wanted) for line in found), (wanted, found)
    assert not any("hidden" in line for line in found)


BASE = GOOD[: GOOD.index("[BANKS")]
SERVICES = 'protocol = "osmp"\nallow = ["::1"]\nservice_field = "service"\n'
ALIF = 'username = "alif"\npassword = "of-sixteen-letters"\n'
UZUM = 'protocol = "uzum"\nusername = "uzum"\npassword = "of-sixteen-letters"\n'


@pytest.mark.parametrize(
    ("section", "wanted"),
    [
        ('protocol = "osmp"', "BANKS.qiwi: nobody could prove to be this bank; set one of allow,"),
        ('protocol = "osmp"\nsecret = "x"', "BANKS.qiwi: nobody could prove to be this bank"),
        ('protocol = "osmp"\nallow = []', "BANKS.qiwi: nobody could prove to be this bank"),
        ('protocol = "osmp"\nurl_token = false', "BANKS.qiwi: nobody could prove"),
        ('protocol = "osmp"\nusername = "q"\nallow = ["::1"]', "BANKS.qiwi.password: expected one"),
        ('protocol = "osmp"\npassword = "of-sixteen-letters"', "BANKS.qiwi.username: expected one"),
        ('protocol = "osmp"\npassword = ""', "BANKS.qiwi.password: expected a text in quotes"),
        (
            'protocol = "osmp"\nallow = ["::1"]\nmin_sum = "5.00"\nmax_sum = "4.99"',
            "BANKS.qiwi.min_sum: expected no more than max_sum",
        ),
        (
            'protocol = "osmp"\nallow = ["::1"]\nmax_sum = "1000000000000.00"',
            "BANKS.qiwi.max_sum: expected a sum",
        ),
        (
            'protocol = "osmp"\nallow = ["::1"]\ncodes = { bloked = "1" }',
            "BANKS.qiwi.codes.bloked: no such outcome",
        ),
        ('protocol = "osmp"\nallow = ["::1"]\ncodes = { ok = "OK" }', "BANKS.qiwi.codes: expected"),
        (
            'protocol = "osmp"\nallow = ["::1"]\nid_tag = "a b"',
            "BANKS.qiwi.id_tag: expected a name",
        ),
        (
            'protocol = "osmp"\nallow = ["::1"]\naccount_clean = "letters"',
            'BANKS.qiwi.account_clean: expected one of "", "digits"',
        ),
        (
            'protocol = "osmp"\nallow = ["::1"]\nsums = { brutto = "sum_all" }',
            "BANKS.qiwi.sums: expected a table of gross, net, commission",
        ),
        (
            'protocol = "osmp"\nallow = ["::1"]\nsums = { net = "" }',
            "BANKS.qiwi.sums: expected a table of gross, net, commission",
        ),
        (
            f"{SERVICES}services = 17",
            "BANKS.qiwi.services: expected a table",
        ),
        (
            f"{SERVICES}services = {{ 17 = 18 }}",
            'BANKS.qiwi.services.17: expected a table such as { prefix = "17-" }',
        ),
        (
            f'{SERVICES}services.17 = {{ prefx = "17-" }}',
            "BANKS.qiwi.services.17.prefx: no such key; prefix?",
        ),
        (
            f'{SERVICES}services.17 = {{ prefix = "17 " }}',
            "BANKS.qiwi.services.17.prefix: expected a text of at most 32 characters",
        ),
        (
            f'{SERVICES}services.17 = {{ account_pattern = "[" }}',
            "BANKS.qiwi.services.17.account_pattern: expected a regular expression",
        ),
        (
            f'{SERVICES}services.17 = {{ currency = "tenge" }}',
            "BANKS.qiwi.services.17.currency: expected three letters",
        ),
        (
            f'{SERVICES}max_sum = "9.00"\nservices.17 = {{ min_sum = "9.01" }}',
            "BANKS.qiwi.services.17.min_sum: expected no more than max_sum",
        ),
        (
            f'{SERVICES}services.17 = {{ secret = "x" }}',
            "BANKS.qiwi.services.17.secret: no such key",
        ),
        (
            f'{SERVICES}services = {{ 1 = {{ prefix = "1" }}, 17 = {{ prefix = "17-" }} }}',
            "BANKS.qiwi.services.17.prefix: expected one that does not begin as that of 1",
        ),
        (SERVICES, "BANKS.qiwi.service_field: expected none without services"),
        (
            'protocol = "osmp"\nallow = ["::1"]\nservices.17 = { prefix = "17-" }',
            "BANKS.qiwi.service_field: expected the name of the parameter",
        ),
        (
            f"{SERVICES.replace('osmp', 'alif')}{ALIF}services.17 = {{}}",
            "BANKS.qiwi.service_field: expected none: this protocol has a part that names",
        ),
        (
            f"{UZUM}services.water = {{}}",
            "BANKS.qiwi.services.water: expected as the name of a service a whole number",
        ),
        (UZUM, "BANKS.qiwi.service_id: missing"),
        (
            'protocol = "osmp"\nusername = "a:b"\npassword = "of-sixteen-letters"',
            "BANKS.qiwi.username: expected a text without a colon",
        ),
    ],
)
def test_a_bank_with_a_fault_stops_the_start(file: Path, section: str, wanted: str) -> None:
    """Also one that could not prove who it is."""
    found = faults(file, f"{BASE}\n[BANKS.qiwi]\n{section}\n")

    assert len(found) == 1
    assert found[0].startswith(wanted)


def test_a_service_has_what_the_bank_has_unless_it_says_otherwise(file: Path) -> None:
    """Those of the protocol's own setting are services, too; a secret belongs to one of them."""
    click = 'protocol = "click"\nsecret = "hidden-1"\nservice_id = 20202\nmin_sum = "5.00"\n'
    table = 'services.20203 = { prefix = "b-", secret = "hidden-2", min_sum = "7.00" }\n'
    file.write_text(f"{BASE}\n[BANKS.click]\n{click}{table}")
    services = settings.load(file).banks["click"].services

    assert [
        (name, one.prefix, one.secret, f"{one.min_sum}", one.own["service_id"], one.currency)
        for name, one in services.items()
    ] == [
        ("20202", "", (b"hidden-1",), "5.00", "20202", "KZT"),
        ("20203", "b-", (b"hidden-2",), "7.00", "20203", "KZT"),
    ]
    assert "hidden" not in repr(settings.load(file))


def test_the_table_of_services_may_stand_for_the_protocol_s_own_setting(file: Path) -> None:
    """An empty name is that of requests that name none."""
    file.write_text(f"{BASE}\n[BANKS.uzum]\n{UZUM}services = {{ 30303 = {{}} }}\n")
    assert [*settings.load(file).banks["uzum"].services] == ["30303"]

    file.write_text(f'{BASE}\n[BANKS.qiwi]\n{SERVICES}services = {{ "" = {{}}, 17 = {{}} }}\n')
    assert [*settings.load(file).banks["qiwi"].services] == ["", "17"]


@pytest.mark.parametrize(
    "url",
    [
        "mysql://u:p@/db",
        "mysql://u:p@host",
        "mysql://u:p@host:port/db",
        "mysql://u:p@host/db?sslca=x",
        "mysql://u:p@h1,,h2/db",
        "mysql://u:p@host:99999/db",
        "mysql://u:p@host:0/db",
        "mysql://u:p@host/db?sslca=",
        "mysql://u:p@host/db?ssl_ca=",
        "sqlite://file.db",
        "sqlite:///",
        "",
    ],
)
def test_a_database_that_cannot_be_read_is_named(file: Path, url: str) -> None:
    """With both forms that can."""
    found = faults(file, re.sub('DATABASE = ".*"', f'DATABASE = "{url}"', GOOD))

    assert len(found) == 1
    assert found[0].startswith("DATABASE: expected")


@pytest.mark.parametrize(
    ("old", "new", "wanted"),
    [
        (
            '"hidden-key-of-this-year-and-only-it"',
            '"public-secret-of-the-sample"',
            "SECRET_KEY: expected a random text of at least 32 characters of your own",
        ),
        ("[BANKS.qiwi]", "[x]", "x: no such key"),
        (
            "CURRENCY",
            'PUBLIC_URL = "pay.example.kz"\nCURRENCY',
            "PUBLIC_URL: expected an address such",
        ),
    ],
)
def test_what_would_be_found_too_late_is_named(file: Path, old: str, new: str, wanted: str) -> None:
    """A public secret, an address that is none."""
    assert faults(file, GOOD.replace(old, new))[0].startswith(wanted)


@pytest.mark.parametrize("protocol", ["payme", "paynet"])
@pytest.mark.parametrize("codes", ['{ ok = "5" }', '{ sum_too_small = "0" }'])
def test_success_is_never_an_error_nor_the_reverse(file: Path, protocol: str, codes: str) -> None:
    """In JSON-RPC a result has no code."""
    own = "service_id = 1\n" if protocol == "paynet" else ""
    own += 'username = "u"\npassword = "of-sixteen-letters"\n'
    section = f'protocol = "{protocol}"\n{own}codes = {codes}'

    assert faults(file, f"{BASE}\n[BANKS.p]\n{section}\n") == [
        "BANKS.p.codes: expected codes of refusals only: success is a result, and 0 would mean it"
    ]


def test_a_code_of_single_commands_is_replaced_for_all(file: Path) -> None:
    """But "ask again" stays where a command has a word for it."""
    section = (
        'protocol = "uzum"\nusername = "u"\npassword = "of-sixteen-letters"\nservice_id = 1\n'
        'codes = { duplicate_same = "7", temporary = "8" }'
    )
    file.write_text(f"{BASE}\n[BANKS.u]\n{section}\n")
    bank = settings.load(file).banks["u"]

    assert {bank.code(name, "duplicate_same") for name in ("create", "confirm", "reverse")} == {"7"}
    assert bank.code("create", "temporary") == "99999"


def test_a_table_that_is_none_is_named(file: Path) -> None:
    """BANKS must be one."""
    assert faults(file, f"{BASE}\nBANKS = 3\n") == ["BANKS: expected a table such as { skip = 1 }"]


def test_an_address_of_ipv4_in_ipv6_is_the_address(file: Path) -> None:
    """And a mark that Windows editors put in front of a file is none of ours."""
    file.write_bytes(b"\xef\xbb\xbf" + GOOD.replace("10.0.0.1", "::ffff:10.0.0.1").encode())

    assert str(settings.load(file).banks["qiwi"].allow[-1]) == "10.0.0.1/32"


def test_a_certificate_file_that_is_not_there_is_named(file: Path) -> None:
    """At start, not at the first payment."""
    found = faults(file, GOOD.replace("?insecure=true", "?ssl_ca=ca.pem"))

    assert found == [
        "DATABASE: expected ssl_ca to name a file with the certificate of an authority"
    ]


SITE = 'PUBLIC_URL = "https://pay.example.kz"\n'
SHORT = "expected at least 16 characters (flask secret prints some); or weak_password = true"
BASIC = 'protocol = "osmp"\nusername = "q"\n'


@pytest.mark.parametrize(
    ("old", "new", "wanted"),
    [
        ('"hidden-key-of-this-year-and-only-it"', f'"{"x" * 31}"', "SECRET_KEY: expected a random"),
        ('["old-key', '["short", "old-key', "SECRET_KEY: expected a random text of at least 32"),
        ('["old-key', f'["{"x" * 32}", "old-key', ""),  # long enough; flask doctor warns of it
        ('["old-key-of-last-year-old-key-of-last-year", ', "[", ""),
        ('["old-key', '["…", "old-key', "SECRET_KEY: expected a text of your own in place of"),
        ("?insecure=true", "", "DATABASE: expected ?ssl_ca=/path/ca.pem: the host is another"),
        ("?insecure=true", "?insecure=yes", "DATABASE: expected ?ssl_ca="),
        ("db1:3306,[::1]:3307,db3/books?insecure=true", "localhost,127.0.0.1,[::1]/books", ""),
        ("?insecure=true", "?unix_socket=/run/mysqld/mysqld.sock", ""),
        ("?insecure=true", '"\ninsecure = true #', ""),
    ],
)
def test_what_is_too_weak_stops_the_start(file: Path, old: str, new: str, wanted: str) -> None:
    """A key that can be guessed, a database that could be anybody's."""
    text = SITE + GOOD.replace(old, new)
    if not wanted:
        file.write_text(text)
        assert settings.load(file)
        return

    (fault,) = faults(file, text)
    assert fault.startswith(wanted)
    assert "flask secret" in fault or "insecure = true" in fault


@pytest.mark.parametrize(
    ("secret", "is_guessed"),
    [
        ("x" * 32, True),
        ("ab" * 40 + "a", True),
        ("abba" * 5 + "baab" * 3, True),
        ("abcdefghijklmno" * 3, True),  # a part of 15 characters
        ("a1s-d2f-g3h-j4k" * 2 + "a1", True),
        ("a1s-d2f-g3h-j4k" * 2 + "5l", False),  # its end is another
        ("a1s-d2f-g3h-j4k5" * 2, False),  # a part of 16
        ("abcdefghijklmnopqrstuvwxyz0123456789", True),
        ("9876543210zyxwvutsrqponmlkjihgfedcba", True),
        ("абвгдежзийклмнопрстуфхцчшщъыьэюя", True),
        ("0123456789abcdef" * 2, True),
        ("abcdefghijklmnopqrstuvwxyz" + "0-9=8[7]", True),  # eight turns in 34 characters
        ("abcdefghijklmnopqrstuvwxyz" + "0-9=8[7]+6", False),
        ("0123456789" + "012345", True),
        ("passwordpassword", True),
        ("a1s-d2f-g3" + "a1s-d2", True),
        ("a1s-d2f-g3h" + "a1s-d", False),  # less than half of it comes again
        ("abcdefgh12345678", True),
        ("abcdefgh1324-5_6", False),
        ("ш" * 15 + "щ", True),
        ("швабра-и-ведро-!", False),
        ("hmac:" + "0f" * 32, False),
    ],
)
def test_a_secret_that_follows_a_pattern_is_guessed(secret: str, is_guessed: bool) -> None:
    """Whoever has one token at home tries such keys first; what stands for one follows none."""
    assert readers.is_guessed(secret.encode()) is is_guessed


@pytest.mark.parametrize("letters", ["01", "0123456789", "0123456789abcdef", "ab…яю"])
def test_a_random_secret_follows_no_pattern(letters: str) -> None:
    """Out of however few letters somebody has made it, with the bits that a key needs."""
    chance = random.Random(letters)
    length = max(32, math.ceil(100 / math.log2(len(letters))))
    for _ in range(1000):
        key = "".join(chance.choices(letters, k=length)).encode()
        assert not readers.is_guessed(key), key
        password = "".join(chance.choices(letters, k=max(16, length // 2))).encode()
        assert not readers.is_guessed(password), password


@pytest.mark.parametrize(
    ("url", "starts"),
    [("", True), ("http://127.0.0.1:8000", True), ("https://pay.example.kz", False)],
)
def test_a_trial_on_this_machine_may_be_weak(file: Path, url: str, starts: bool) -> None:
    """It is told so; the address that a bank is given makes a site of it."""
    text = GOOD.replace("hidden-key-of-this-year-and-only-it", "hidden-key-of-a-trial")
    file.write_text(f'PUBLIC_URL = "{url}"\n{text}\n[BANKS.weak]\n{BASIC}password = "short"\n')
    wanted = ["SECRET_KEY: expected a random text", f"BANKS.weak.password: {SHORT}"]

    weak = settings.load(file).weak if starts else faults(file, file.read_text())
    assert [fault.startswith(text) for fault, text in zip(weak, wanted, strict=True)] == [True] * 2


@pytest.mark.parametrize("beside", ["", 'allow = ["::1"]', "url_token = true"])
def test_a_key_of_the_whole_network_is_no_proof_alone(file: Path, beside: str) -> None:
    """CyberPlat signs with one key for all its providers."""
    key = ROOT / "tests" / "keys" / "bank_rsa.pem"
    section = f'protocol = "cyberplat"\nbank_key = "{key}"\n{beside}'
    text = f"{SITE}{BASE}\n[BANKS.plat]\n{section}\n"
    if beside:
        file.write_text(text)
        assert settings.load(file)
        return

    (fault,) = faults(file, text)
    assert fault.startswith("BANKS.plat: expected allow, password or url_token beside bank_key")


@pytest.mark.parametrize(
    ("section", "wanted"),
    [
        (f'{BASIC}password = "{"x" * 15}"', f"BANKS.qiwi.password: {SHORT}"),
        (f'{BASIC}password = ["of-sixteen-chars", "short"]', f"BANKS.qiwi.password: {SHORT}"),
        (f'{BASIC}password = "short"\nweak_password = true', ""),
        (f'{BASIC}password = "{"x" * 16}"', ""),
        (f'{BASIC}password = "швабра-и-ведро-!"', ""),
        (
            f'{BASIC}password = "…"\nweak_password = true',
            "BANKS.qiwi.password: expected a text of your own in place of the dots",
        ),
        ('protocol = "alif"\nusername = "a"\npassword = "p:w"', ""),
        (
            'protocol = "alif"\nusername = "a"\npassword = "p:w"\nweak_password = false',
            f"BANKS.qiwi.password: {SHORT}",
        ),
    ],
)
def test_a_weak_password_is_let_in_where_the_settings_say_so(
    file: Path, section: str, wanted: str
) -> None:
    """Or where banks of this protocol dictate it."""
    text = f"{SITE}{BASE}\n[BANKS.qiwi]\n{section}\n"
    if not wanted:
        file.write_text(text)
        assert settings.load(file).banks["qiwi"]
        return

    (fault,) = faults(file, text)
    assert fault.startswith(wanted)


def test_a_short_key_of_rsa_is_none(tmp_path: Path) -> None:
    """1024 bits are let in where the network has no more; nothing below, and nothing elsewhere."""
    pem = tmp_path / "key.pem"
    key = rsa.generate_private_key(65537, 1024).public_key()
    pem.write_bytes(
        key.public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    )

    assert readers.public_key(1024)(str(pem)).bits == 1024  # type: ignore[union-attr]
    with pytest.raises(ValueError, match="of at least 2048 bits, not 1024"):
        readers.public_key()(str(pem))
    with pytest.raises(ValueError, match="of at least 1025 bits"):
        readers.public_key(1025)(str(pem))


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that others can enter; pytest's own are closed to them."""
    with TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.mark.slow
def test_settings_that_others_can_read_stop_the_start(open_folder: Path) -> None:
    """Every command but the doctor, which says it among the rest."""
    file = open_folder / "config.toml"
    file.write_text(f"{BASE}\n[BANKS.files]\nprotocol = 'files'\n")
    for mode in (0o644, 0o640, 0o604, 0o660):
        file.chmod(mode)
        with pytest.raises(SettingsError, match=f"chmod 600 {file}"):
            create_app(file)
        assert f"chmod 600 {file}" in flask(file, "payments").stderr
    assert "others on this host can read the secrets" in flask(file, "doctor").stdout
    doctor = subprocess.run(
        [sys.executable, "-m", "callback", "doctor"],
        cwd=ROOT,
        env=os.environ | {"CALLBACK_CONFIG": str(file)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "others on this host can read the secrets" in doctor.stdout

    with TemporaryDirectory() as closed:  # the link's folder, not the file's
        link = Path(closed, "config.toml")
        link.symlink_to(file)
        with pytest.raises(SettingsError, match=f"chmod 600 {link}"):
            create_app(link)

    open_folder.chmod(0o700)  # nobody comes as far
    assert create_app(file)
    open_folder.chmod(0o755)
    file.chmod(0o400)
    assert create_app(file)


def test_broken_toml_is_named_with_its_place(file: Path) -> None:
    """And without what stands there."""
    file.write_text('SECRET_KEY = "hidden\n')
    with pytest.raises(SettingsError, match=r"line 1") as caught:
        settings.load(file)

    assert "hidden" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (
            'CURRENCY = "KZT\r\nLOG = "x"\r\n',
            "a text without its second quotation mark (at line 1,",
        ),
        ('allow = ["1.2.3.4" "::1"]\n', "a list without its ], or without a comma"),
        (
            "bills = { zero = true full_names = true }\n",
            "a table without its }, or without a comma",
        ),
    ],
)
def test_a_slip_is_told_as_what_it_is(file: Path, text: str, wanted: str) -> None:
    """Python's reader speaks of what it met."""
    file.write_bytes(text.encode())
    with pytest.raises(SettingsError) as caught:
        settings.load(file)

    assert wanted in str(caught.value)


def test_settings_of_somebody_else_say_who_may_read_them() -> None:
    """Root, who runs the tests, may read all."""
    told = settings.unreadable(PermissionError(13, "Permission denied", "config.toml"))

    assert str(told) == "Permission denied: run this as the user whose file it is"


def test_without_a_file_every_command_says_where_it_looked(tmp_path: Path) -> None:
    """The program refuses to start."""
    missing = tmp_path / "nowhere.toml"
    done = flask(missing, "init-db")

    assert done.returncode != 0
    assert f"no settings file at {missing}" in done.stderr
    assert "CALLBACK_CONFIG" in done.stderr
    assert "Traceback" not in done.stderr


def test_gunicorn_stops_for_good_and_names_the_faults(tmp_path: Path) -> None:
    """It would otherwise restart its workers for ever."""
    file = tmp_path / "config.toml"
    file.write_text('SECRET_KEY = "hidden"\n')
    done = subprocess.run(
        [sys.executable, "-m", "gunicorn", "-b", "127.0.0.1:0", "-w", "1", "wsgi:app"],
        cwd=ROOT,
        env={"CALLBACK_CONFIG": str(file), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )

    assert done.returncode != 0
    assert "DATABASE: missing" in done.stderr
    assert "Traceback" not in done.stderr
    assert "hidden" not in done.stderr


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_what_notepad_calls_unicode_is_told_as_such(file: Path, encoding: str) -> None:
    """It is not windows-1251; with its mark at the beginning or without."""
    file.write_text(f"# хостинг\nlanguage = 'ru'\n{GOOD}", encoding=encoding)

    with pytest.raises(SettingsError, match=r"is in UTF-16 .*: Save as…, Encoding: UTF-8$"):
        settings.load(file)
    assert language_of(file) == "ru"
