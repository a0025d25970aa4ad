"""flask sheet: what it prints is what the endpoint does, and no secret stands in it."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from contextlib import nullcontext
from html.parser import HTMLParser
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, NamedTuple, get_args
from urllib.parse import parse_qsl

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from defusedxml.ElementTree import fromstring

from callback import proofs, settings, signature
from callback.messages import message
from callback.model import Outcome
from callback.protocols import PROTOCOLS, has_path
from callback.tools.sheet import blocks, page, texts
from callback.tools.sheet.examples import (
    EXAMPLE_SECRET,
    OWED,
    PAYER_ADDRESS,
    PAYER_NAME,
    SIGN,
    NoNumberError,
    examples,
    invent_scenario,
)
from callback.tools.sheet.sheets import SHEETS
from tests.conftest import SQLiteEngine, flask, settings_toml
from tests.support import dialects
from tests.support.answers import broken
from tests.support.processes import Endpoint, write_settings
from tests.support.rpc import basic

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Mapping

    from callback.bank import Bank, Settings
    from callback.tools.conform.model import Request
    from tests.conftest import Engine

SITE = "https://pay.example.kz"
CONTACT = "support@example.kz, +7 700 000 00 00"
SETTINGS = {"PUBLIC_URL": SITE, "CONTACT": CONTACT}
PASSWORD = "pass-word-that-nobody-prints"
SECRETS = {"password": PASSWORD, "secret": EXAMPLE_SECRET.decode()}
# A bank of every dialect, then what settings change in the pages; all with our secrets.
BANKS = (
    re.sub(
        "(?m)^(password|secret) = .*$",
        lambda match: f'{match[1]} = "{SECRETS[match[1]]}"',
        dialects.banks() + dialects.variants() + dialects.invoices(),
    )
    + """
[BANKS.files]
protocol = "files"

[BANKS.strange]
protocol = "osmp"
allow = ["127.0.0.1"]
min_sum = "150.00"
account_pattern = "[A-Z]-[0-9]{6}|[0-9]{3}"

[BANKS.small]
protocol = "osmp"
allow = ["127.0.0.1"]
max_sum = "99.00"
"""
)
MILLISECONDS = r"1\d{12}"
OTHER_SECRET = "the-one-that-is-used"
# Our times, in all the forms of the dialects.
TIMES = re.compile(
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d|\d\d\.\d\d\.\d{4}[_ ]\d\d:\d\d:\d\d"
    r"|\b20\d{12}\b|\b1[789]\d{11}\b"
)
# Our number of a payment, under every name that a dialect has for it.
OURS = {
    name for sheet in SHEETS.values() for name, meaning in sheet.answers if meaning is texts.OURS
}
NUMBERS = re.compile(rf'({"|".join(OURS)})("?[>:]"?)\d+')
VARIES = re.compile("|".join(dialects.table(dialect, "VARIES") for dialect in dialects.CALLED))
SIGNS = re.compile("(?<=<sign>)[0-9A-Za-z]+")


class Module:
    """What settings_toml takes a test module for."""

    BANKS = BANKS
    SETTINGS = SETTINGS


def load(toml: str) -> Settings:
    """Settings out of a text."""
    with TemporaryDirectory() as folder:
        return settings.load(write_settings(toml, Path(folder)))


TOML = settings_toml("mysql://user:database-password@db.example:3306/usu?insecure=true", Module)  # type: ignore[arg-type]
GIVEN = load(TOML)
CALLED = [name for name, bank in GIVEN.banks.items() if PROTOCOLS[bank.protocol].PATHS]
every_bank = pytest.mark.parametrize("bank", list(GIVEN.banks))
called_bank = pytest.mark.parametrize("bank", CALLED)
every_language = pytest.mark.parametrize("language", texts.LANGUAGES)


def markdown(bank: str, language: str = "en", given: Settings = GIVEN) -> str:
    """The sheet of a bank."""
    return blocks.markdown(page.sheet(given, given.banks[bank], language))


def html(bank: str, language: str = "en", given: Settings = GIVEN) -> str:
    """The same to be printed."""
    return blocks.html(page.sheet(given, given.banks[bank], language))


def section(text: str, key: str, language: str = "en") -> str:
    """A section of a sheet."""
    title = getattr(texts.SECTIONS[key], language)
    return text.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def rows(text: str, key: str, language: str = "en") -> list[list[str]]:
    """The rows of a section's table, without its head."""
    lines = [line for line in section(text, key, language).splitlines() if line.startswith("| ")]
    return [re.split(r" (?<!\\)\| ", line[2:-2]) for line in lines[2:]]


class Printed(NamedTuple):
    """An HTTP message as the sheet prints it."""

    first: str
    headers: Mapping[str, str]
    body: str


def printed(text: str) -> list[tuple[Printed, Printed, bool]]:
    """The examples: request, answer, and whether it is the one that cannot be answered."""
    pairs = []
    for example in section(text, "examples").split("\n### ")[1:]:
        asked, answered = (
            _message(one) for one in re.findall(r"```http\n(.*?)\n```", example, re.S)
        )
        pairs.append((asked, answered, example.startswith(texts.EXAMPLES["later"].en)))
    return pairs


def _message(text: str) -> Printed:
    head, _, body = text.partition("\n\n")
    first, *lines = head.splitlines()
    return Printed(first, dict(line.split(": ", 1) for line in lines), body)


def same(text: str) -> str:
    """An answer without our numbers, times and signatures over them."""
    return VARIES.sub("V", SIGNS.sub("S", NUMBERS.sub(r"\1\2N", TIMES.sub("T", text))))


def ours(engine: Engine, bank: Bank) -> None:
    """Put the payer of the examples into the books."""
    scenario = invent_scenario(bank)
    if bank.payer == "account":
        engine.account(scenario.account, PAYER_NAME, owes=f"{OWED:.2f}")
    else:
        engine.account("1", PAYER_NAME, owes="0.00")
        engine.invoice("1", scenario.account, f"{scenario.owed:.2f}")
    engine.execute("UPDATE account SET address = ?", PAYER_ADDRESS)


def send(endpoint: Endpoint, given: Settings, bank: Bank, asked: Printed) -> str:
    """Send a printed request with the real credentials; the answer as the sheet would print it."""
    method, path, _ = asked.first.split(" ")
    token = signature.url_tokens(bank.name, given.secret_keys)[-1].decode()
    headers = {name: asked.headers[name] for name in asked.headers if name == "Content-Type"}
    if "Authorization" in asked.headers:
        headers |= basic(bank.username, PASSWORD)
    path = path.replace(page.TOKEN, token)
    body = asked.body
    if PROTOCOLS[bank.protocol].CREDENTIALS_INSIDE:
        body = body.replace(EXAMPLE_SECRET.decode(), PASSWORD)
    reply = endpoint.call(path, method, body or None, headers)
    kind = reply.headers.get("Content-Type", "")
    charset = kind.partition("charset=")[2] or "utf-8"
    return f"{reply.status} {kind}\n{reply.body.decode(charset)}"


def as_printed(answered: Printed) -> str:
    """A printed answer in the form of `send`."""
    status = answered.first.split(" ")[1]
    return f"{status} {answered.headers.get('Content-Type', '')}\n{answered.body}"


@called_bank
def test_every_printed_request_gets_the_printed_answer(
    engine: Engine, endpoint: Endpoint, bank: str
) -> None:
    """In the order of the sheet, apart from our numbers and times."""
    given = settings.load(endpoint.settings)
    found = given.banks[bank]
    ours(engine, found)
    pairs = printed(markdown(bank, given=given))
    complete = dialects.table(found.protocol, "COMPLETE")

    assert len(pairs) >= 6
    for asked, answered, is_late in pairs:
        sent = asked._replace(body=complete(asked.body, engine))
        with broken(engine) if is_late else nullcontext():
            came = send(endpoint, given, found, sent)
        assert same(came) == same(as_printed(answered)), asked


@pytest.mark.slow
def test_signed_examples_need_only_their_signs(tmp_path: Path) -> None:
    """CyberPlat by RSA: the keys of both sides are unknown to the sheet."""
    keys = {name: rsa.generate_private_key(65537, 2048) for name in ("bank", "own")}
    private = {
        name: key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        for name, key in keys.items()
    }
    public = keys["bank"].public_key()
    public_pem = public.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    (tmp_path / "bank.pem").write_bytes(public_pem)
    (tmp_path / "own.pem").write_bytes(private["own"])

    class Signed(Module):
        BANKS = (
            '[BANKS.cp]\nprotocol = "cyberplat"\nallow = ["127.0.0.1"]\n'
            'bank_key = "bank.pem"\nown_key = "own.pem"\n'
            'show = ["debt"]\ncancel = true\n'
        )

    engine = SQLiteEngine(tmp_path / "x.db")
    with Endpoint(settings_toml(engine.url, Signed), tmp_path) as endpoint:  # type: ignore[arg-type]
        flask(endpoint.settings, "init-db")
        given = settings.load(endpoint.settings)
        ours(engine, given.banks["cp"])
        sign = proofs.RsaSigner(private["bank"])
        text = markdown("cp", given=given)
        for asked, answered, is_late in printed(text):
            signed, mark, _ = asked.first.partition(f"&sign={SIGN}")
            assert mark
            query = signed.partition("?")[2]
            first = f"{signed}&sign={sign(query.encode()).hex()} HTTP/1.1"
            with broken(engine) if is_late else nullcontext():
                asked = asked._replace(first=first)  # noqa: PLW2901
                came = send(endpoint, given, given.banks["cp"], asked)
            assert same(came) == same(as_printed(answered)), asked

    assert f"<sign>{SIGN}</sign>" in text
    assert "RSA with SHA-1" in section(text, "proof")
    assert all(row[2] == "GET" for row in rows(text, "address"))


@every_language
@every_bank
def test_no_secret_is_printed(bank: str, language: str) -> None:
    """No password, signing secret, token, secret key; nor anything made of them."""
    other = TOML.replace(f'"{EXAMPLE_SECRET.decode()}"', f'"{OTHER_SECRET}"')
    given = load(other)
    secrets = ["only-for-tests", "database-password", PASSWORD, OTHER_SECRET]
    secrets += [token.decode() for token in signature.url_tokens(bank, given.secret_keys)]
    credentials = f"{given.banks[bank].username}:{PASSWORD}"
    secrets.append(b64encode(credentials.encode()).decode())
    for text in (markdown(bank, language, given), html(bank, language, given)):
        assert [secret for secret in secrets if secret in text] == []


@pytest.mark.parametrize(
    "bank", [name for name in dialects.CALLED if "secret" in PROTOCOLS[name].PROOFS]
)
def test_the_real_secret_changes_nothing(bank: str) -> None:
    """The examples are signed with the invented key that is printed beside them."""
    given = load(TOML.replace(f'"{EXAMPLE_SECRET.decode()}"', f'"{OTHER_SECRET}"'))
    times_and_signs = re.compile(
        rf"{TIMES.pattern}|\d{{4}}-\d\d-\d\d\+[0-9%A]*|[0-9a-f]{{32}}|[0-9A-F]{{32}}|(?:pay_date|sign)%3E.*?%3C"
    )
    one, other = (times_and_signs.sub("", markdown(bank, given=from_)) for from_ in (GIVEN, given))

    assert one == other
    assert f"`{EXAMPLE_SECRET.decode()}`" in one


@every_language
@every_bank
def test_all_sections_are_there(bank: str, language: str) -> None:
    """In their order, and none is empty."""
    keys = [*texts.SECTIONS] if bank in CALLED else [*texts.SECTIONS_WITHOUT_CALLS]
    text = markdown(bank, language)

    assert re.findall("(?m)^## (.*)$", text) == [
        getattr(texts.SECTIONS[key], language) for key in keys
    ]
    assert all(section(text, key, language).strip() for key in keys)
    assert not re.search(r"[{}]", section(text, "limit", language))
    assert re.findall('id="([a-z]+)"', html(bank, language)) == keys


@every_language
def test_everything_of_the_settings_is_named(language: str) -> None:
    """Addresses, user name, limits, zone, currency, pattern, our limit, contact."""
    text = markdown("osmp", language)

    assert f"`{SITE}/osmp`" in section(text, "address", language)
    assert "`127.0.0.1`" in section(text, "proof", language)
    assert "`osmp`" in section(text, "proof", language)
    account = section(text, "account", language)
    for value in ("`[0-9]{10}`", "10.00", "50000.00", "KZT", "`Europe/Moscow`"):
        assert value in account
    assert "8 " in section(text, "limit", language)
    assert section(text, "contact", language).strip().replace("\\", "") == CONTACT


@called_bank
def test_every_operation_has_its_address(bank: str) -> None:
    """With a mark where the token belongs."""
    found = GIVEN.banks[bank]
    token = f"/{page.TOKEN}" if found.url_token else ""
    base = f"`{SITE}/{bank}{token}"
    paths = [path for path in PROTOCOLS[found.protocol].PATHS if has_path(found, path)]

    assert [row[1] for row in rows(markdown(bank), "address")] == [
        f"{base}/{path}`" if path else f"{base}`" for path in paths
    ]


def parameters(request: Request) -> dict[str, str]:
    """What a request brings, as it is written; the members of JSON's `params` with a dot."""
    body = (request.body or b"").decode()
    if request.content_type == "application/json":
        value: dict[str, Any] = json.loads(body, parse_int=str, parse_float=str)
        inner = value.pop("params", {}) if "method" in value else {}
        return value | {f"params.{name}": member for name, member in inner.items()}
    if request.content_type == "text/xml":
        ((arguments,),) = fromstring(body)
        return {child.tag: child.text or "" for child in arguments}
    if request.content_type == "application/xml":
        return {name: text for child in fromstring(body) for name, text in child.attrib.items()}
    form = dict(parse_qsl(request.query or body, keep_blank_values=True))
    if "params" in form:
        (inner,) = fromstring(form["params"]).iter("params")
        return {child.tag: child.text or "" for child in inner} | {"sign": ""}
    return form


@called_bank
def test_every_parameter_of_the_examples_is_described(bank: str) -> None:
    """And no other: what the simulator does not send, the dialect has no need of."""
    found = GIVEN.banks[bank]
    sent = {
        name
        for example in examples(found, invent_scenario(found))
        for name in parameters(example.request)
    }

    assert {row[0].strip("`") for row in rows(markdown(bank), "parameters")} == sent


def sent_in_a_payment(bank: str) -> dict[str, str]:
    """What the example of a payment brings."""
    found = GIVEN.banks[bank]
    payments = (
        example.request
        for example in examples(found, invent_scenario(found))
        if example.what in ("pay", "book")
    )
    return parameters(next(payments))


@called_bank
def test_a_sum_is_sent_as_the_page_describes_it(bank: str) -> None:
    """To the digit: a hundredfold is the dearest mistake of all."""
    text = markdown(bank)
    form = section(text, "account").partition("\nHow it is written: ")[2].partition(".\n")[0]
    (name,) = (row[0].strip("`") for row in rows(text, "parameters") if form and form in row[2])

    assert sent_in_a_payment(bank)[name] in re.findall("`([^`]+)`", form)


@called_bank
def test_a_time_is_sent_as_the_page_describes_it(bank: str) -> None:
    """In digits of the form that is printed, or in milliseconds, which are UTC everywhere."""
    text, sent = markdown(bank), sent_in_a_payment(bank)
    described = {row[0].strip("`"): row[2] for row in rows(text, "parameters")}
    forms = {name: time_forms(words) for name, words in described.items() if time_forms(words)}

    for name in forms.keys() & sent.keys():
        assert any(re.fullmatch(form, sent[name]) for form in forms[name]), name
    in_milliseconds = MILLISECONDS in [form for of_one in forms.values() for form in of_one]
    assert ("are milliseconds" in section(text, "account")) == in_milliseconds


def time_forms(words: str) -> list[str]:
    """The forms of a time that a parameter may have, as expressions."""
    if "milliseconds" in words:
        return [MILLISECONDS]
    return [re.sub("[YMDHS]", r"\\d", form) for form in re.findall("`([YMDHST._: -]{8,})`", words)]


@called_bank
def test_the_fields_of_an_answer_are_described(bank: str) -> None:
    """Those that the printed answers have: the code and two more at least."""
    text = markdown(bank)
    described = [row[0].strip("`") for row in rows(text, "answer")]
    answers = "".join(answered.body for _, answered, _ in printed(text))

    assert len(described) >= 3
    assert [name for name in described if name not in answers] == []


@pytest.mark.parametrize(("bank", "code", "final"), dialects.cases("FINAL"))
def test_a_code_is_final_or_not(bank: str, code: str, final: str) -> None:
    """As section 6 of the sheet of its protocol says."""
    found = {row[0].strip("`"): row[2] for row in rows(markdown(bank), "codes")}

    assert found[code] == final


@called_bank
def test_every_code_of_the_examples_is_in_the_table(bank: str) -> None:
    """A refusal that is printed is explained."""
    codes = {row[0].strip("`") for row in rows(markdown(bank), "codes")}
    answers = SHEETS[GIVEN.banks[bank].protocol].answers
    # JSON-RPC has it inside of `error`.
    names = "|".join(["code", *(name for name, meaning in answers if meaning is texts.CODE)])
    pattern = re.compile(rf'<(?:{names})>(-?\d+)<|"(?:{names})":"?(-?\d+)| (?:{names})="(-?\d+)"')
    found = [
        next(filter(None, match.groups()))
        for _, answered, _ in printed(markdown(bank))
        for match in pattern.finditer(answered.body)
    ]

    assert len(found) >= 2
    assert {*found} <= codes


def test_what_cannot_happen_is_not_in_the_table() -> None:
    """No cancel, no token, no invoices: their codes would only puzzle."""
    codes, invoices = (section(markdown(bank), "codes") for bank in ("small", "osmp-bill"))

    assert "cancelled;" not in codes
    assert "cannot be cancelled" not in codes
    assert "HTTP 404" not in codes
    assert "HTTP 401" not in codes
    assert "already paid" not in codes
    assert "invoice is already paid" in invoices
    assert "HTTP 401" in invoices


@every_language
@pytest.mark.parametrize("outcome", get_args(Outcome))
def test_every_outcome_has_a_meaning_of_its_own(outcome: Outcome, language: str) -> None:
    """Payers read "wrong request" for many; an engineer must know which."""
    generic = message("bad_type", language)

    assert outcome in texts.MEANINGS or message(outcome, language) != generic


@pytest.mark.parametrize("protocol", list(PROTOCOLS))
def test_every_dialect_has_texts_and_questions(protocol: str) -> None:
    """A new dialect fails here until it has its tables."""
    assert protocol in {bank.protocol for bank in GIVEN.banks.values()}
    sheet = SHEETS[protocol]
    tables = {bool(sheet.parameters), bool(sheet.answers), bool(sheet.questions)}
    assert tables == {bool(PROTOCOLS[protocol].PATHS)}


@every_language
@every_bank
def test_the_bank_is_asked_what_the_sheet_wants_to_know(bank: str, language: str) -> None:
    """All questions of its protocol, and about files."""
    asked = section(markdown(bank, language), "questions", language).count("- [ ] ")
    own = SHEETS[GIVEN.banks[bank].protocol].questions

    assert asked == len(own) + len(texts.FILE_QUESTIONS)


@pytest.mark.parametrize(("bank", "key", "words"), dialects.cases("SAYS"))
def test_what_only_this_dialect_says_is_said(bank: str, key: str, words: tuple[str, ...]) -> None:
    """Of repeats, sums, dates and checks, with the codes that the settings have."""
    text = section(markdown(bank), key)

    assert [word for word in words if word not in text] == []


@pytest.mark.parametrize(
    ("bank", "words"),
    [
        ("strange", "`[A-Z]-[0-9]{6}|[0-9]{3}`"),
        ("strange", "`150.00`"),
        ("small", "`99.00`"),
    ],
)
def test_the_limits_and_the_pattern_are_those_of_the_settings(bank: str, words: str) -> None:
    """Also where no usual number would do."""
    assert words in section(markdown(bank), "account")


def test_missing_settings_are_named() -> None:
    """Plainly, on the page itself: it is not to be handed over so."""
    given = load(TOML.replace(f'PUBLIC_URL = "{SITE}"\n', "").replace(f'"{CONTACT}"', '""'))
    text = markdown("osmp", given=given)

    assert "`PUBLIC_URL` is not set" in section(text, "address")
    assert "`https://…/osmp`" in section(text, "address")
    assert "`CONTACT`" in section(text, "contact")
    assert "not set" not in section(markdown("osmp"), "address")


class Strict(HTMLParser):
    """Complains of elements that are not closed in their order, and keeps all attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += attrs
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@every_language
@every_bank
def test_the_html_is_well_formed_and_stands_alone(bank: str, language: str) -> None:
    """Nothing is fetched, nothing runs."""
    text = html(bank, language)
    parser = Strict()
    parser.feed(text)
    parser.close()

    assert parser.open == []
    assert text.startswith("<!DOCTYPE html>\n<html lang=")
    assert {name for name, _ in parser.attributes} <= {
        *("lang", "charset", "name", "content", "class", "id"),
    }
    assert not parser.tags & {"script", "link", "img", "iframe", "object", "base"}
    assert "url(" not in text
    assert "@import" not in text
    assert "@page { size: A4;" in text


def test_the_html_says_what_markdown_says() -> None:
    """The same words in the same order, apart from markup."""

    class Words(HTMLParser):
        said = ""

        def handle_data(self, data: str) -> None:
            self.said += f" {data}"

    made = page.sheet(GIVEN, GIVEN.banks["osmp"], "en")
    reader = Words()
    reader.feed(blocks.html(made).partition("</style>")[2])
    letters = re.compile(r"[^\w]+|http\b|xml\b")
    plain = re.sub("(?m)^```.*$", "", blocks.markdown(made))

    assert letters.sub("", reader.said) == letters.sub("", plain)


def test_hostile_settings_stay_text() -> None:
    """What is written in the settings is no markup."""
    hostile = "<script>alert(1)</script> | *x* `y` [z](http://a)"
    given = load(TOML.replace(CONTACT, hostile))

    assert "<script" not in html("osmp", given=given)
    assert "&lt;script&gt;" in html("osmp", given=given)
    assert r"\<script\>alert(1)\</script\> \| \*x\* \`y\` \[z\](http://a)" in markdown(
        "osmp", given=given
    )


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        ("a|b", r"a\|b"),
        (blocks.code("a|b"), r"`a\|b`"),
        (blocks.code("a`b"), "`` a`b ``"),
        ("two\nlines", "two lines"),
    ],
)
def test_nothing_ends_a_cell_before_its_time(cell: str, written: str) -> None:
    """Neither a bar nor the end of a line, in text or code."""
    made = blocks.Page("en", "", "", [blocks.Section("x", "x", [blocks.Table(["h"], [[cell]])])])

    assert blocks.markdown(made).splitlines()[-1] == f"| {written} |"


@pytest.mark.slow
def test_the_command_prints_russian_first(
    command: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    """Or the other language, or HTML into a file."""
    russian, english = command("sheet", "osmp"), command("sheet", "osmp", "--lang", "en")
    file = tmp_path / "osmp.html"
    written = command("sheet", "osmp", "--html", "-o", str(file))

    assert (russian.returncode, english.returncode, written.returncode) == (0, 0, 0)
    assert russian.stdout.startswith("# Подключение: osmp\n")
    assert english.stdout.startswith("# Connection sheet: osmp\n")
    assert written.stdout == ""
    assert file.read_text(encoding="utf-8").startswith('<!DOCTYPE html>\n<html lang="ru">')


@pytest.mark.slow
def test_an_unknown_bank_is_named_as_elsewhere(
    command: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    """With the banks that there are."""
    asked, elsewhere = command("sheet", "nobody"), command("bills", "nobody")

    assert asked.returncode == elsewhere.returncode == 2
    assert asked.stderr.splitlines()[-1] == elsewhere.stderr.splitlines()[-1]
    assert "no [BANKS.nobody]" in asked.stderr


@pytest.mark.slow
def test_the_number_of_the_examples_may_be_given(
    command: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    """One that the pattern does not let in is no number."""
    given = command("sheet", "osmp", "--account", "1234567890")
    wrong = command("sheet", "osmp", "--account", "12345")

    assert "account=1234567890&" in given.stdout
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert "--account" in wrong.stderr


def test_a_strange_pattern_asks_for_a_number() -> None:
    """No number is made up that could not be paid."""
    given = load(TOML.replace('"[0-9]{10}"', '"KZ-77-[a-f]{3}"'))

    with pytest.raises(NoNumberError):
        page.sheet(given, given.banks["osmp"], "ru")
    made = page.sheet(given, given.banks["osmp"], "ru", "KZ-77-abc")
    assert "account=KZ-77-abc&" in blocks.markdown(made)


class Several(Module):
    """The same with two services each."""

    BANKS = dialects.several()


SEVERAL = load(settings_toml("mysql://user@db.example/usu?insecure=true", Several))  # type: ignore[arg-type]


@every_language
@pytest.mark.parametrize("bank", SEVERAL.banks)
def test_services_are_listed_and_the_examples_are_of_the_first(bank: str, language: str) -> None:
    """Each with its own limits and currency; what stands before the numbers is not told."""
    text = markdown(bank, language, SEVERAL)

    table = {row[0]: row[1:] for row in rows(text, "account", language)}
    assert table["`17`"] == ["`[0-9]{7,10}`", *table["`17`"][1:2], "1000.00", "USD"]
    assert table["`18`"][-1] == "KZT"
    assert "17-" not in text
    assert SEVERAL.banks[bank].service_field in section(text, "account", language)
