"""All that the sheet says, in Russian and English, as tables. `{…}` are values of the settings.

A text between backticks is set as code. The questions are those of the sheets of the protocols,
section 12.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from callback.model import Outcome
    from callback.tools.conform.model import Act

LANGUAGES = ("ru", "en")


class Pair(NamedTuple):
    """One thing said in both languages."""

    ru: str
    en: str


class Param(NamedTuple):
    """A parameter of a request: of which operations ("check?": it may lack there), in which form.

    A dot leads to a member of an object.
    """

    name: str
    acts: str
    form: Pair


PROTOCOLS: Mapping[str, Pair] = {
    "osmp": Pair("QIWI / OSMP: запрос GET или POST, ответ XML", "QIWI / OSMP: GET or POST, XML"),
    "kaspi": Pair("Kaspi / Halyk: запрос GET, ответ {format}", "Kaspi / Halyk: GET, {format}"),
    "sberbank": Pair(
        "Сбербанк, протокол № 1: запрос GET, ответ XML", "Sberbank, protocol No. 1: GET, XML"
    ),
    "cyberplat": Pair(
        "КиберПлат / Касса24: запрос GET, ответ {format}", "CyberPlat / Kassa24: GET, {format}"
    ),
    "payme": Pair("Payme Merchant API: JSON-RPC", "Payme Merchant API: JSON-RPC"),
    "click": Pair("Click SHOP-API: Prepare и Complete", "Click SHOP-API: Prepare and Complete"),
    "uzum": Pair("Uzum Bank Merchant API: JSON", "Uzum Bank Merchant API: JSON"),
    "paynet": Pair("Paynet: JSON-RPC 2.0", "Paynet: JSON-RPC 2.0"),
    "mbank": Pair("MBANK / Мобильник: XML QE11 и QE10", "MBANK / Mobilnik: XML QE11 and QE10"),
    "ckassa": Pair("CKASSA: XML в поле формы", "CKASSA: XML in a field of a form"),
    "files": Pair(
        "без обращений: банк присылает реестры", "no calls: the bank sends registers only"
    ),
}

TITLE = Pair("Подключение: {bank}", "Connection sheet: {bank}")
MADE = Pair(
    "Протокол: {protocol}. Лист сделан программой {day} из её настроек. Паролей и ключей здесь "
    "нет: они передаются отдельно.",
    "Protocol: {protocol}. Made by the program itself on {day} out of its settings. No password or "
    "key is printed here: they are handed over separately.",
)

# Sections in their order; `files` has only those that need no call.
SECTIONS: Mapping[str, Pair] = {
    "address": Pair("Адрес", "Address"),
    "proof": Pair("Как мы узнаём банк", "How we know that it is the bank"),
    "parameters": Pair("Параметры запроса", "Parameters of a request"),
    "answer": Pair("Поля ответа", "Fields of an answer"),
    "account": Pair("Номер, сумма, валюта, даты", "Account number, sum, currency, dates"),
    "shown": Pair("Что показывает проверка", "What a check shows"),
    "examples": Pair("Примеры", "Examples"),
    "codes": Pair("Коды", "Codes"),
    "repeats": Pair("Повтор запроса", "Repeats"),
    "limit": Pair("Время ответа", "Time limit"),
    "questions": Pair("Вопросы к банку", "To ask the bank"),
    "contact": Pair("Контакт", "Contact"),
}
SECTIONS_OF_FILES = ("address", "account", "questions", "contact")

HEADS: Mapping[str, tuple[Pair, ...]] = {
    "address": (
        Pair("Операция", "Operation"),
        Pair("Адрес", "Address"),
        Pair("Метод HTTP", "HTTP method"),
    ),
    "parameters": (
        Pair("Параметр", "Parameter"),
        Pair("Операции", "Operations"),
        Pair("Вид", "Form"),
    ),
    "answer": (Pair("Поле", "Field"), Pair("Что в нём", "What it tells")),
    "codes": (
        Pair("Код", "Code"),
        Pair("Что значит", "Meaning"),
        Pair("Окончательно?", "Final?"),
    ),
}

# address
EVERY = Pair("все", "all")
OR = Pair(" или ", " or ")
NO_PUBLIC_URL = Pair(
    "Начало адреса не известно: в настройках нет `PUBLIC_URL`. Впишите его "
    '(`PUBLIC_URL = "https://…"`) и сделайте лист заново, прежде чем отдавать его банку.',
    "The beginning of the address is not known: `PUBLIC_URL` is not set. Set it "
    '(`PUBLIC_URL = "https://…"`) and make this sheet again before you hand it to the bank.',
)
TOKEN_IN_ADDRESS = Pair(
    "Вместо `{token}` в адресе стоит ключ, который передаётся отдельно; без него адреса нет.",
    "In place of `{token}` the address has a key that is handed over separately; there is no "
    "address without it.",
)
BODY = Pair(
    "Тело запроса не длиннее {kib} КиБ, кодировка UTF-8.",
    "The body of a request has at most {kib} KiB, in UTF-8.",
)
NEVER_CALLED = Pair(
    "Банк к нам не обращается, адреса для него нет: платежи берутся из его реестров и выписок.",
    "The bank never calls us and has no address: payments are taken from its registers and "
    "statements.",
)

# proof
ALL_OF_THEM = Pair("Должно выполняться всё перечисленное:", "All of these must hold:")
FROM_ADDRESSES = Pair(
    "запрос пришёл с одного из адресов: {addresses}", "the call comes from one of: {addresses}"
)
BY_BASIC = Pair(
    "HTTP Basic, имя пользователя `{username}`; пароль передаётся отдельно",
    "HTTP Basic, user name `{username}`; the password is handed over separately",
)
BY_TOKEN = Pair(
    "подписанный адрес: ключ в адресе, передаётся отдельно",
    "signed address: a key inside the address, handed over separately",
)
BY_SIGNATURE = Pair("подпись запроса: {formula}", "a signature of the request: {formula}")
FORMULAS: Mapping[str, Pair] = {
    "click": Pair(
        "`sign_string` — MD5 шестнадцатеричными цифрами от значений `click_trans_id`, "
        "`service_id`, секретного ключа, `merchant_trans_id`, `merchant_prepare_id` (только в "
        "Complete), `amount`, `action`, `sign_time`, взятых так, как они отправлены (до "
        "кодирования формы), и записанных подряд без разделителей",
        "`sign_string` is the MD5 in hex digits of the values `click_trans_id`, `service_id`, "
        "the secret key, `merchant_trans_id`, `merchant_prepare_id` (only in Complete), `amount`, "
        "`action`, `sign_time`, as they are sent (before the form is encoded), joined with "
        "nothing between",
    ),
    "ckassa": Pair(
        "`sign` — MD5 заглавными шестнадцатеричными цифрами от текста между `<params>` и "
        "`</params>` точно так, как он отправлен (до кодирования формы), и секретного ключа сразу "
        "за ним; наш ответ подписан так же: наш текст между `<params>` и `</params>`, "
        "{request_sign}ключ",
        "`sign` is the MD5 in upper-case hex digits of the text between `<params>` and `</params>` "
        "exactly as it is sent (before the form is encoded), directly followed by the secret key; "
        "our answer is signed likewise: our text between `<params>` and `</params>`, "
        "{request_sign}the key",
    ),
    "cyberplat": Pair(
        "`sign` — RSA с SHA-1 (PKCS#1 v1.5) шестнадцатеричными цифрами от строки запроса, как она "
        "отправлена, с `action=` и до `&sign=`; `action` стоит первым, `sign` последним, "
        "метод только GET. Открытый ключ банк передаёт нам{own_key}",
        "`sign` is RSA with SHA-1 (PKCS#1 v1.5) in hex digits, over the query as it is sent, from "
        "`action=` up to `&sign=`; `action` stands first, `sign` last, the method is GET only. "
        "The bank gives us its public key{own_key}",
    ),
}
REQUEST_SIGN = Pair("подпись запроса, ", "the sign of the request, ")
OWN_KEY = Pair(
    ". Ответ подписан нашим ключом: весь текст XML без элемента `sign`",
    ". Our answer is signed by our key: the whole XML text without the element `sign`",
)
EXAMPLE_SECRET_IS = Pair(
    "Примеры подписаны выдуманным ключом `{secret}`, чтобы на них можно было проверить формулу; "
    "настоящий ключ другой.",
    "The examples are signed with the invented key `{secret}`, so that the formula can be tried "
    "on them; the real key is another one.",
)
EXAMPLE_HEX_IS = Pair(
    "В примерах вместо подписи стоит `{secret}`.", "In the examples `{secret}` stands for a sign."
)

# parameters
EXACTLY = Pair("точно так: {commands}", "exactly so: {commands}")
OF_ACCOUNT = Pair("номер, который ввёл плательщик", "the number that the payer typed")
OF_SUM = Pair("сумма: {sum}", "the sum: {sum}")
DIGITS_ID = Pair(
    "номер платежа у банка: от 1 до 20 цифр, это текст: `0007` и `7` — два платежа",
    "the bank's number of the payment: 1 to 20 digits, a text: `0007` and `7` are two payments",
)
TEXT_ID = Pair(
    "номер платежа у банка: текст до 64 печатных знаков ASCII без пробелов, регистр важен",
    "the bank's number of the payment: up to 64 printable ASCII characters without blanks, letter "
    "case counts",
)
COMPACT = Pair(
    "дата и время платежа у банка `ГГГГММДДЧЧММСС`, пояс {zone}",
    "the bank's date and time of the payment `YYYYMMDDHHMMSS`, zone {zone}",
)
ISO = Pair(
    "дата и время платежа у банка `ГГГГ-ММ-ДДTЧЧ:ММ:СС`, пояс {zone}",
    "the bank's date and time of the payment `YYYY-MM-DDTHH:MM:SS`, zone {zone}",
)
BLANK = Pair(
    "дата и время у банка `ГГГГ-ММ-ДД ЧЧ:ММ:СС`, пояс {zone}",
    "the bank's date and time `YYYY-MM-DD HH:MM:SS`, zone {zone}",
)
MILLISECONDS = Pair(
    "целое число: миллисекунды с 1970 года, UTC", "an integer: milliseconds since 1970, UTC"
)
SIGN = Pair("подпись, см. выше", "the signature, see above")
SERVICE = Pair("номер услуги: `{service}`", "the number of the service: `{service}`")
RPC_ID = Pair(
    "номер вызова: число или текст, повторяется в ответе",
    "the number of the call: integer or text, repeated in the answer",
)
OBJECT = Pair("объект; номер — его поле `{field}`", "an object; its member `{field}` is the number")
NEW_ID = Pair(
    "в `cancel` — номер самой отмены: от 1 до 20 цифр",
    "in `cancel` the number of the cancel itself: 1 to 20 digits",
)

PARAMETERS: Mapping[str, tuple[Param, ...]] = {
    "osmp": (
        Param("command", "check pay cancel", EXACTLY),
        Param("txn_id", "check? pay", DIGITS_ID),
        Param("txn_id", "cancel", NEW_ID),
        Param("account", "check pay cancel?", OF_ACCOUNT),
        Param("sum", "check? pay cancel?", OF_SUM),
        Param("txn_date", "pay", COMPACT),
        Param(
            "cancel_txn_id",
            "cancel",
            Pair("`txn_id` отменяемого платежа", "the `txn_id` of the payment to cancel"),
        ),
    ),
    "kaspi": (
        Param("command", "check pay", EXACTLY),
        Param("txn_id", "check? pay", DIGITS_ID),
        Param("account", "check pay", OF_ACCOUNT),
        Param("sum", "check? pay", OF_SUM),
        Param("txn_date", "pay", COMPACT),
    ),
    "sberbank": (
        Param("ACTION", "check pay", EXACTLY),
        Param("ACCOUNT", "check pay", OF_ACCOUNT),
        Param("AMOUNT", "pay", OF_SUM),
        Param("PAY_ID", "pay", DIGITS_ID),
        Param(
            "PAY_DATE",
            "pay",
            Pair(
                "дата и время платежа `ДД.ММ.ГГГГ_ЧЧ:ММ:СС` или `ГГГГММДДЧЧММСС`, пояс {zone}",
                "date and time of the payment `DD.MM.YYYY_HH:MM:SS` or `YYYYMMDDHHMMSS`, "
                "zone {zone}",
            ),
        ),
    ),
    "cyberplat": (
        Param("action", "check pay status cancel", EXACTLY),
        Param("number", "check pay", OF_ACCOUNT),
        Param("amount", "check? pay", OF_SUM),
        Param("receipt", "pay status cancel", DIGITS_ID),
        Param("date", "pay", ISO),
        Param("sign", "check pay status cancel", SIGN),
    ),
    "payme": (
        Param("method", "check pay perform cancel status statement", EXACTLY),
        Param("id", "check pay perform cancel status statement", RPC_ID),
        Param("params.id", "pay perform cancel status", TEXT_ID),
        Param("params.time", "pay", MILLISECONDS),
        Param("params.amount", "check pay", OF_SUM),
        Param("params.account", "check pay", OBJECT),
        Param("params.reason", "cancel", Pair("причина, целое число", "the reason, an integer")),
        Param("params.from", "statement", MILLISECONDS),
        Param("params.to", "statement", MILLISECONDS),
    ),
    "click": (
        Param("click_trans_id", "pay perform cancel", DIGITS_ID),
        Param("service_id", "pay perform cancel", SERVICE),
        Param("click_paydoc_id", "pay perform cancel", Pair("любой текст", "any text")),
        Param("merchant_trans_id", "pay perform cancel", OF_ACCOUNT),
        Param(
            "merchant_prepare_id",
            "perform cancel",
            Pair("наш номер из ответа на Prepare", "our number in the answer to Prepare"),
        ),
        Param("amount", "pay perform cancel", OF_SUM),
        Param(
            "action",
            "pay perform cancel",
            Pair("`0` Prepare, `1` Complete", "`0` Prepare, `1` Complete"),
        ),
        Param(
            "error",
            "pay perform cancel",
            Pair(
                "`0`; отрицательное число: платёж не состоялся",
                "`0`; a negative number: the payment failed",
            ),
        ),
        Param("error_note", "pay perform cancel", Pair("любой текст", "any text")),
        Param("sign_time", "pay perform cancel", BLANK),
        Param("sign_string", "pay perform cancel", SIGN),
    ),
    "uzum": (
        Param("serviceId", "check pay perform cancel status", SERVICE),
        Param("timestamp", "check pay perform cancel status", MILLISECONDS),
        Param("transId", "pay perform cancel status", TEXT_ID),
        Param("params", "check pay", OBJECT),
        Param("amount", "pay perform?", OF_SUM),
    ),
    "paynet": (
        Param("jsonrpc", "check pay status cancel statement", Pair('`"2.0"`', '`"2.0"`')),
        Param("id", "check pay status cancel statement", RPC_ID),
        Param("method", "check pay status cancel statement", EXACTLY),
        Param("params.serviceId", "check pay status cancel statement", SERVICE),
        Param(
            "params.transactionId",
            "pay status cancel",
            Pair(
                "номер платежа: целое число больше 0 или до 64 букв, цифр и дефисов; "
                '`555` и `"555"` — один платёж',
                "the number of the payment: an integer above 0, or up to 64 letters, digits and "
                'hyphens; `555` and `"555"` are one payment',
            ),
        ),
        Param("params.transactionTime", "pay", BLANK),
        Param("params.amount", "pay", OF_SUM),
        Param("params.fields", "check pay", OBJECT),
        Param("params.dateFrom", "statement", BLANK),
        Param("params.dateTo", "statement", BLANK),
    ),
    "mbank": (
        Param("DTS", "check? pay", BLANK),
        Param("QM", "check pay", Pair("источник: {qm}", "the source: {qm}")),
        Param("QID", "check? pay", TEXT_ID),
        Param("OP", "check pay", EXACTLY),
        Param("PARAM1", "check pay", OF_ACCOUNT),
        Param("SUM", "check? pay", OF_SUM),
        Param("SERVICE_ID", "check pay", SERVICE),
    ),
    "ckassa": (
        Param("act", "check pay status", EXACTLY),
        Param("account", "check pay", OF_ACCOUNT),
        Param("pay_amount", "pay", OF_SUM),
        Param("pay_id", "pay status", DIGITS_ID),
        Param("pay_date", "pay", ISO),
        Param("sign", "check pay status", SIGN),
    ),
}
MAY_LACK = Pair("{operation} (может не быть)", "{operation} (may lack)")
IGNORED = Pair(
    "Других параметров программа не читает. Параметр из таблицы, переданный дважды, — отказ.",
    "No other parameter is read. One of the table that is given twice is a refusal.",
)
# What else an engineer must know; shown where the setting is on.
NOTES: tuple[tuple[str, str, Pair], ...] = (
    (
        "osmp",
        "",
        Pair(
            "`command=getInfo` с одним `account` отвечает как `check`, без номера платежа.",
            "`command=getInfo` with `account` alone is answered as `check`, without an id.",
        ),
    ),
    (
        "osmp",
        "",
        Pair("Если есть `ccy`, то одно из: {ccy}.", "Where `ccy` is sent, it is one of: {ccy}."),
    ),
    (
        "cyberplat",
        "types",
        Pair(
            "Если есть `type`, то одно из: {types}.", "Where `type` is sent, it is one of: {types}."
        ),
    ),
    (
        "ckassa",
        "",
        Pair(
            "Тело — форма с одним полем `params`; его значение — текст XML, как в примерах.",
            "The body is a form with one field `params`, whose value is an XML text as in the "
            "examples.",
        ),
    ),
)

# An operation where its own word says little.
OPERATIONS: Mapping[str, Mapping[Act, str]] = {
    "click": {"pay": "Prepare", "perform": "Complete", "cancel": "Complete"},
    "ckassa": {"check": "act 1", "pay": "act 2", "status": "act 4"},
}

# answer
CODE = Pair("код, см. «Коды»", "the code, see “Codes”")
SAID = Pair("пояснение", "an explanation")
OURS = Pair("наш номер платежа", "our number of the payment")
ECHO = Pair("номер из запроса", "the number in the request")
RECORDED_SUM = Pair("записанная сумма", "the recorded sum")
RECORDED_AT = Pair(
    "когда платёж записан, пояс {zone}; в повторе то же самое",
    "when the payment was recorded, zone {zone}; the same in a repeat",
)
OUR_TIMES = Pair(
    "наше время, миллисекунды с 1970 года, UTC; в повторе то же самое",
    "our time, milliseconds since 1970, UTC; the same in a repeat",
)
NAME = Pair("имя плательщика, закрытое звёздочками", "the payer's name, masked")
ADDRESS = Pair("адрес плательщика", "the payer's address")
OWED = Pair("долг", "what is owed")
BALANCE = Pair("остаток на счёте: {balance}", "the balance: {balance}")
DEBT_IS_NEGATIVE = Pair("долг со знаком минус", "a debt is negative")
DEBT_IS_POSITIVE = Pair("долг без знака", "a debt is positive")
OUR_SIGN = Pair("наша подпись", "our signature")
SHOWN_FIELDS = Pair("что показать плательщику", "what to show to the payer")

ANSWERS: Mapping[str, tuple[tuple[str, Pair], ...]] = {
    "osmp": (
        ("{id_tag}", ECHO),
        ("result", CODE),
        ("comment", SAID),
        ("prv_txn", OURS),
        ("sum", RECORDED_SUM),
        ("fields", SHOWN_FIELDS),
        ("fio", NAME),
        ("address", ADDRESS),
        ("balance", BALANCE),
        ("ext_id", OURS),
        ("reg_date", RECORDED_AT),
    ),
    "kaspi": (
        ("txn_id", ECHO),
        ("result", CODE),
        ("comment", SAID),
        ("prv_txn", OURS),
        ("prv_txn_id", OURS),
        (
            "sum",
            Pair(
                "в check долг, в pay записанная сумма", "in check the debt, in pay the recorded sum"
            ),
        ),
        ("fields", SHOWN_FIELDS),
        ("bin", Pair("БИН организации", "the company's BIN")),
    ),
    "sberbank": (
        ("CODE", CODE),
        ("MESSAGE", SAID),
        ("EXT_ID", OURS),
        ("REG_DATE", RECORDED_AT),
        ("AMOUNT", RECORDED_SUM),
        ("FIO", NAME),
        ("ADDRESS", ADDRESS),
        ("BALANCE", BALANCE),
        ("REC_SUM", Pair("сколько предложить к оплате", "the sum to suggest")),
    ),
    "cyberplat": (
        ("code", CODE),
        ("Code", CODE),
        (
            "message",
            Pair(
                "пояснение; в check за ним через `; ` то, что видит плательщик",
                "an explanation; in check what the payer sees follows it after `; `",
            ),
        ),
        ("Message", SAID),
        ("authcode", OURS),
        ("AuthCode", OURS),
        ("date", RECORDED_AT),
        ("Date", RECORDED_AT),
        ("Invoice", OWED),
        ("sign", OUR_SIGN),
    ),
    "payme": (
        ("result", Pair("ответ; в отказе его нет", "the answer; absent in a refusal")),
        ("error", Pair("отказ: `code`, `message`, `data`", "a refusal: `code`, `message`, `data`")),
        ("allow", Pair("платить можно", "the account may be paid")),
        ("additional", SHOWN_FIELDS),
        ("transaction", OURS),
        (
            "state",
            Pair(
                "`1` ждёт, `2` оплачен, `-1` отменён до оплаты, `-2` после",
                "`1` waits, `2` paid, `-1` cancelled before, `-2` after it was paid",
            ),
        ),
        ("create_time", OUR_TIMES),
        ("perform_time", OUR_TIMES),
        ("cancel_time", OUR_TIMES),
        ("transactions", Pair("список платежей", "the list of payments")),
    ),
    "click": (
        ("error", CODE),
        ("error_note", SAID),
        ("click_trans_id", ECHO),
        ("merchant_trans_id", Pair("номер плательщика из запроса", "the payer's number as sent")),
        ("merchant_prepare_id", OURS),
        ("merchant_confirm_id", OURS),
    ),
    "uzum": (
        ("status", CODE),
        ("errorCode", CODE),
        ("serviceId", SERVICE),
        ("transId", ECHO),
        (
            "data",
            Pair("номер и то, что видит плательщик", "the number, and what the payer sees"),
        ),
        ("amount", Pair("записанная сумма, в тийинах", "the recorded sum, in tiyin")),
        ("timestamp", OUR_TIMES),
        ("transTime", OUR_TIMES),
        ("confirmTime", OUR_TIMES),
        ("reverseTime", OUR_TIMES),
    ),
    "paynet": (
        ("result", Pair("ответ; в отказе его нет", "the answer; absent in a refusal")),
        ("error", Pair("отказ: `code` и `message`", "a refusal: `code` and `message`")),
        ("providerTrnId", OURS),
        ("timestamp", Pair("наше время, пояс {zone}", "our time, zone {zone}")),
        (
            "transactionState",
            Pair(
                "`1` оплачен, `2` отменён, `3` такого нет", "`1` paid, `2` cancelled, `3` not found"
            ),
        ),
        ("fields", SHOWN_FIELDS),
        ("statements", Pair("список платежей", "the list of payments")),
    ),
    "mbank": (
        ("QID", ECHO),
        ("DTS", Pair("наше время, пояс {zone}", "our time, zone {zone}")),
        ("STATUS", CODE),
        ("MSG", SAID),
        ("ERR_MSG", Pair("причина отказа", "why it is refused")),
        (
            "SUM",
            Pair(
                "в QE11 долг, в QE10 записанная сумма", "in QE11 the debt, in QE10 the recorded sum"
            ),
        ),
        ("REQUISITE1", SHOWN_FIELDS),
        ("SID", Pair("обозначение системы", "the mark of the system")),
    ),
    "ckassa": (
        ("err_code", CODE),
        ("err_text", SAID),
        ("reg_id", OURS),
        ("reg_date", RECORDED_AT),
        ("client_name", NAME),
        ("balance", BALANCE),
        ("sign", OUR_SIGN),
    ),
}

# account
PAYER_IS: Mapping[str, Pair] = {
    "account": Pair(
        "Плательщик вводит свой номер (лицевой счёт){form}.",
        "The payer types the number of the account{form}.",
    ),
    "invoice": Pair(
        "Плательщик вводит номер выставленного счёта{form}.",
        "The payer types the number of an invoice{form}.",
    ),
}
ONE_LENGTH = Pair(": цифры, ровно {low}", ": digits, exactly {low}")
LENGTHS = Pair(": цифры, от {low} до {high}", ": digits, {low} to {high} of them")
PATTERN = Pair("по выражению", "by the expression")
PATTERN = Pair(
    "Регулярное выражение для всего номера: `{pattern}`. Регистр букв и нули в начале важны, "
    "пробелы не отбрасываются.",
    "The expression for the whole number: `{pattern}`. Letter case and leading zeros count, blanks "
    "are not cut off.",
)
WHOLE_INVOICE = Pair(
    "Счёт оплачивается только целиком, одной суммой.", "An invoice is paid by its whole sum only."
)
SUM_LIMITS = Pair(
    "Сумма одного платежа: от {low} до {high} {currency} включительно; {part}.",
    "The sum of one payment: {low} to {high} {currency}, both included; {part}.",
)
ANY_PART = Pair("можно частями и больше долга", "in parts, or more than is owed")
WHOLE_PART = Pair("равна сумме счёта", "that of the invoice")
WRITTEN_SO = Pair("Запись суммы: {sum}.", "How it is written: {sum}.")
CURRENCY = Pair("Валюта: {currency}.", "Currency: {currency}.")
ZONE = Pair(
    "Часовой пояс дат банка и наших дат для него: {zone}.",
    "Time zone of the bank's dates, and of ours to it: {zone}.",
)
ZONE_IS_UTC = Pair(
    "Время в запросах и ответах — миллисекунды UTC; даты реестров: пояс {zone}.",
    "Times in requests and answers are milliseconds, UTC; dates of registers: zone {zone}.",
)
# How a sum is written.
STRICT = Pair("`{example}`: цифры, точка, две цифры", "`{example}`: digits, a dot, two digits")
LENIENT = Pair(
    "`{example}`: цифры; после точки одна, две или ничего",
    "`{example}`: digits; after a dot one, two or none",
)
HUNDREDTHS = Pair(
    "целое число сотых долей (тийинов): {example} {currency} = `{whole}`",
    "an integer of hundredths (tiyin): {example} {currency} = `{whole}`",
)
KOPECKS = Pair(
    "целое число копеек: {example} {currency} = `{whole}`",
    "a whole number of kopecks: {example} {currency} = `{whole}`",
)

# shown
SHOWS = Pair("Плательщик увидит: {what}.", "The payer sees: {what}.")
SHOWS_NOTHING = Pair(
    "Ничего, кроме того, что платить можно.", "Nothing but that the account may be paid."
)
NO_CHECK = Pair(
    "Отдельной проверки в этом протоколе нет, о плательщике ничего не сообщается.",
    "This protocol has no check of its own; nothing is told about the payer.",
)
CHECK_WRITES_NOTHING = Pair(
    "Проверка ничего не записывает и может повторяться сколько угодно; платёж можно прислать и без "
    "неё.",
    "A check records nothing and may come any number of times; a payment needs no check before it.",
)
WORDS: Mapping[str, Pair] = {"name": NAME, "address": ADDRESS, "debt": OWED}

# examples
EXAMPLE_PAYER = Pair(
    "Номер {account} и все данные выдуманы, а ответы настоящие: их дала программа. Отправленные "
    "нам в таком порядке, эти запросы получили бы эти ответы (с другими нашими номерами и "
    "временем).",
    "The number {account} and all data are invented; the answers are the program's own. Sent to us "
    "in this order, these requests would get these answers (with other numbers of ours, and "
    "times).",
)
NO_EXAMPLES = Pair("Примеров для этого протокола нет.", "There are no examples of this protocol.")
CREDENTIALS = Pair("имя:пароль в Base64", "user:password in Base64")
REQUEST = Pair("Запрос", "Request")
ANSWER = Pair("Ответ", "Answer")
DECODED = Pair("Поле `params` до кодирования", "The field `params` before it is encoded")
EXAMPLES: Mapping[str, Pair] = {
    "check": Pair("Проверка: платить можно", "Check: the account may be paid"),
    "unknown": Pair("Отказ: такого номера нет", "Refusal: there is no such number"),
    "pay": Pair("Платёж", "Payment"),
    "book": Pair("Платёж создан, деньги ещё не приняты", "A payment is booked, no money yet"),
    "again": Pair("Тот же запрос ещё раз", "The same request again"),
    "other": Pair(
        "Тот же номер платежа с другой суммой: отказ",
        "The same payment number with another sum: a refusal",
    ),
    "perform": Pair("Платёж проведён", "The payment is performed"),
    "perform again": Pair("Проведение ещё раз", "The same once more"),
    "status": Pair("Состояние платежа", "The state of a payment"),
    "statement": Pair("Список платежей за время", "The payments of a time"),
    "cancel": Pair("Отмена платежа", "A payment is cancelled"),
    "no cancel": Pair("Отмена: отказ", "A cancel: a refusal"),
    "later": Pair("Ответить сейчас нельзя: повторите запрос", "No answer now: repeat the request"),
    "book another": Pair("Создан другой платёж", "Another payment is booked"),
}

# codes
FINAL: Mapping[str, Pair] = {
    "done": Pair("выполнено", "done"),
    "refused": Pair("да", "yes"),
    "stranger": Pair("да, пока не исправлено", "yes, until it is put right"),
    "again": Pair("нет, повторите", "no, ask again"),
}
FINAL_MEANS = Pair(
    "«Да»: этим запросом ничего не записано, повторять его не нужно. «Нет, повторите»: исход "
    "не известен, повторяйте тот же запрос, пока не придёт другой ответ; деньги не возвращайте.",
    "“Yes”: this request has recorded nothing, do not repeat it. “No, ask again”: the outcome is "
    "not known; repeat the same request until another answer comes, and do not return the money.",
)
DONE: Mapping[str, Pair] = {
    "check": Pair("платить можно", "the account may be paid"),
    "pay": Pair("платёж записан", "the payment is recorded"),
    "book": Pair("платёж создан", "the payment is booked"),
    "perform": Pair("платёж записан", "the payment is recorded"),
    "cancel": Pair("платёж отменён", "the payment is cancelled"),
    "status": Pair("состояние платежа", "the state of the payment"),
    "statement": Pair("список платежей", "the list of payments"),
}
# Words of success that are no codes of ours, and codes that stand for success or are never sent.
SUCCESS: Mapping[tuple[str, Act], tuple[str, ...]] = {
    ("uzum", "status"): ("CREATED", "CONFIRMED", "REVERSED"),
}
NO_CODES = ("0",)
REPEATED = Pair("повтор: выполнено раньше", "a repeat: done before")
# Those that payers never read, or read in too few words.
MEANINGS: Mapping[Outcome, Pair] = {
    "duplicate_other": Pair(
        "номер платежа уже использован с другим номером плательщика или суммой",
        "the payment number was used before, with another account or sum",
    ),
    "bad_id": Pair("неверный номер платежа", "wrong payment number"),
    "bad_request": Pair(
        "неверный запрос: чего-то нет, неверного вида или передано дважды",
        "wrong request: something is missing, of the wrong form or given twice",
    ),
    "bad_service": Pair("не наш номер услуги", "not our number of the service"),
    "bad_signature": Pair("неверная подпись", "wrong signature"),
    "bad_type": Pair("неверный `type`", "wrong `type`"),
    "missing": Pair("нет обязательного параметра", "a required parameter is missing"),
    "unknown_command": Pair("такой операции нет", "no such operation"),
    "unreadable": Pair("тело запроса нельзя прочесть", "the body cannot be read"),
    "bad_method": Pair("не тот метод HTTP", "wrong HTTP method"),
    "bad_token": Pair("нет или неверен ключ в адресе", "no key in the address, or a wrong one"),
    "bad_address": Pair("обращение с другого адреса", "the call comes from another address"),
    "payment_performed": Pair("платёж уже проведён", "the payment is performed already"),
    "invoice_cancelled": Pair("счёт отменён", "the invoice is cancelled"),
    "not_authenticated": Pair("неверные имя или пароль", "wrong user name or password"),
    "sum_differs": Pair(
        "сумма не равна сумме счёта или созданного платежа",
        "the sum is not that of the invoice, or of the booking",
    ),
    "temporary": Pair(
        "сейчас ответить нельзя, исход не известен", "no answer now, the outcome is not known"
    ),
}

# Where it is not the password.
WRONG_SIGN = Pair("неверная подпись", "wrong signature")
ALREADY_PAID: Mapping[str, Pair] = {
    "click": Pair(
        "этот платёж (или счёт) уже оплачен", "this payment (or the invoice) is paid already"
    ),
}

# repeats
REPEAT_SAME = Pair(
    "Известный номер платежа с теми же номером плательщика и суммой: код {code}, те же данные, "
    "что и в первый раз; второй раз ничего не записывается. Так и тогда, когда счёт плательщика с "
    "тех пор закрыт.",
    "A known payment number with the same account and sum: code {code}, with the data of the first "
    "answer; nothing is recorded twice. So it is, too, when the account was closed since.",
)
# Where a repeat is not simply the first answer.
REPEATS: Mapping[str, Pair] = {
    "payme": Pair(
        "`CreateTransaction` с известным `id` и теми же номером плательщика и суммой: первый "
        "ответ, пока платёж ждёт, потом код {paid}. Второй раз ничего не записывается. Так и "
        "тогда, когда счёт плательщика с тех пор закрыт.",
        "`CreateTransaction` with a known `id` and the same account and sum: the first answer as "
        "long as the payment waits, later code {paid}. Nothing is recorded twice. So it is, too, "
        "when the account was closed since.",
    ),
    "click": Pair(
        "Prepare с известным `click_trans_id` и теми же номером плательщика и суммой: код {code} и "
        "тот же `merchant_prepare_id`, а после Complete — код {paid}. Второй раз ничего не "
        "записывается. Так и тогда, когда счёт плательщика с тех пор закрыт.",
        "Prepare with a known `click_trans_id` and the same account and sum: code {code} and the "
        "same `merchant_prepare_id`, after Complete code {paid}. Nothing is recorded twice. So it "
        "is, too, when the account was closed since.",
    ),
    "uzum": Pair(
        "`create` с известным `transId`: {code} и первое `transTime`; второй раз ничего не "
        "записывается. Так и тогда, когда счёт плательщика с тех пор закрыт.",
        "`create` with a known `transId`: {code} and the first `transTime`; nothing is recorded "
        "twice. So it is, too, when the account was closed since.",
    ),
    "paynet": Pair(
        "Известный `transactionId`: всегда код {code}, что бы ни было в запросе; второй раз ничего "
        "не записывается. Состояние платежа скажет `CheckTransaction`.",
        "A known `transactionId`: always code {code}, whatever else the request says; nothing is "
        "recorded twice. `CheckTransaction` tells the state of the payment.",
    ),
}
REPEAT_PERFORM = Pair(
    "Повтор проведения ({operation}): код {code}; платёж засчитан один раз.",
    "A repeated {operation}: code {code}; the payment counts once.",
)
REPEAT_OTHER = Pair(
    "Тот же номер платежа с другим номером плательщика или суммой: код {code}, ничего не "
    "записывается.",
    "The same payment number with another account or sum: code {code}, nothing is recorded.",
)
REPEAT_REFUSED = Pair(
    "Отказы не запоминаются: запрос с тем же номером рассматривается заново.",
    "Refusals are not remembered: a request with the same number is judged afresh.",
)
BOOKING_ENDS = Pair(
    "Созданный платёж ждёт проведения {seconds} с, потом отменяется.",
    "A booked payment waits {seconds} s to be performed, then it is cancelled.",
)
REFUNDS: Mapping[bool, Pair] = {
    True: Pair(
        "Проведённый платёж можно отменить, только целиком.",
        "A performed payment can be cancelled, the whole of it.",
    ),
    False: Pair(
        "Проведённый платёж по этому протоколу не отменяется.",
        "A performed payment cannot be cancelled by this protocol.",
    ),
}

# limit
LIMIT = Pair(
    "Мы отвечаем не позже чем через {seconds} с. Если к этому времени исход не известен, ответ — "
    "«повторите» ({code}). Обрыв связи и ответ не по протоколу значат то же самое: повторите тот "
    "же запрос.",
    "We answer within {seconds} s. When the outcome is not known by then, the answer is “ask "
    "again” ({code}). A cut line, or an answer outside of the protocol, means the same: repeat the "
    "same request.",
)

# contact
NO_CONTACT = Pair(
    "В настройках не указан: `CONTACT`. Впишите имя, телефон или почту.",
    "Not in the settings: `CONTACT`. Write a name, a telephone number or a mail address there.",
)

# questions
ASK_US_BACK = Pair("Пожалуйста, ответьте письменно:", "Please tell us in writing:")
ABOUT_FILES = Pair("О реестрах и списках счетов:", "About registers and lists of bills:")
_ADDRESSES = Pair("С каких адресов вы обращаетесь?", "Which addresses do you call from?")
_BASIC = Pair("Нужен ли HTTP Basic?", "Do you use HTTP Basic?")
_REGISTER = Pair(
    "Реестр: куда, в котором часу, какой вид?",
    "The register: where to, at what hour, which layout?",
)
_NO_ANSWER = Pair(
    "Что происходит, если ответа нет, и как долго вы повторяете?",
    "What happens without an answer, and how long do you repeat?",
)
_PAPER = Pair("Пришлите описание протокола.", "Please send the paper of the protocol.")

QUESTIONS: Mapping[str, tuple[Pair, ...]] = {
    "osmp": (
        _ADDRESSES,
        _BASIC,
        Pair("В каком поясе `txn_date`?", "What is the zone of `txn_date`?"),
        Pair("В каком виде `ccy`: буквы или цифры?", "The form of `ccy`: letters or digits?"),
        Pair(
            "Приходит ли `sum` в check, всегда ли с двумя знаками после точки?",
            "Does `sum` come in check, and always with two decimals?",
        ),
        Pair(
            "Что вы делаете после кода 1 и как долго повторяете?",
            "What do you do after code 1, and for how long?",
        ),
        Pair(
            "Окончателен ли ответ, которого нет или который не XML?",
            "Is a missing or non-XML answer final?",
        ),
        Pair(
            "Реестр: на какой адрес, в котором часу; второй файл за день заменяет первый или "
            "дополняет?",
            "The register: to which address, at what hour; does a second file of a day replace or "
            "add?",
        ),
        Pair("Как оформляются возвраты?", "How are refunds made?"),
        Pair(
            "Есть ли у вас другие коды, кроме перечисленных выше (79, 241, 242)?",
            "Is your table of codes another than ours above (79, 241, 242)?",
        ),
        Pair(
            "Что вы ждёте на тот же номер платежа с другими данными?",
            "What do you expect for the same number with other data?",
        ),
    ),
    "kaspi": (
        Pair("JSON или XML?", "JSON or XML?"),
        Pair("`prv_txn` или `prv_txn_id`?", "`prv_txn` or `prv_txn_id`?"),
        Pair("Должна ли `sum` быть строкой?", "Must `sum` be a string?"),
        Pair(
            "Все адреса, с которых вы обращаетесь, письменно.", "All calling addresses, in writing."
        ),
        Pair(
            "Что происходит после кода 3, 4 или 5 в ответ на pay?",
            "What happens after 3, 4 or 5 to a pay?",
        ),
        Pair("Может ли отклонённый `txn_id` прийти снова?", "May a refused `txn_id` come again?"),
        Pair(
            "Вид реестра и час, в который он приходит?", "The layout of the register, and its hour?"
        ),
        Pair(
            "Halyk: всё перечисленное, и чем ваш протокол отличается от Kaspi?",
            "Halyk: all of the above, and what differs from Kaspi's protocol?",
        ),
    ),
    "sberbank": (
        Pair("Протокол № 1 или № 2?", "Protocol No. 1 or No. 2?"),
        Pair(
            "Закрывает ли код 8 платёж как проведённый?", "Does code 8 close the payment as done?"
        ),
        Pair("Пояс и вид `PAY_DATE`?", "Zone and form of `PAY_DATE`?"),
        Pair("Сколько знаков после точки в `AMOUNT`?", "The decimals of `AMOUNT`?"),
        Pair("Знак `BALANCE`: долг с минусом?", "The sign of `BALANCE`: is a debt negative?"),
        _ADDRESSES,
        Pair("Нужны ли HTTP Basic, сертификат?", "Basic, a client certificate?"),
        Pair(
            "Сколько вы ждёте ответа и как повторяете после кода 1?",
            "Your time limit, and how do you repeat after code 1?",
        ),
        Pair(
            "Реестр: вид, кодировка; номер операции — это `PAY_ID`? Суммы с комиссией или без?",
            "The register: layout, encoding; is the operation number `PAY_ID`? Gross or net?",
        ),
        Pair("Как оформляются возвраты?", "How are returns made?"),
        Pair("Что значат для вас коды 5 и 7?", "What do codes 5 and 7 mean to you?"),
    ),
    "cyberplat": (
        Pair("XML или JSON?", "XML or JSON?"),
        Pair(
            "Есть ли подпись? Хэш, дополнение, кодировка запроса и ответа?",
            "Signed or not? Hash, padding, both encodings?",
        ),
        Pair("Что следует за HTTP 503 и за кодом -3?", "What follows HTTP 503, and code -3?"),
        Pair("Используете ли вы `status`?", "Is `status` used?"),
        Pair(
            "Может ли прийти `cancel`, до какого срока, и что вы ждёте на второй?",
            "May `cancel` come, until when, and what do you expect for a second one?",
        ),
        Pair("Сколько знаков после точки в `amount`?", "The decimals of `amount`?"),
        Pair("В каком поясе `date`?", "The zone of `date`?"),
        _ADDRESSES,
        _REGISTER,
    ),
    "payme": (
        Pair(
            "Какой логин? Ключ кассы и ключ песочницы передайте отдельно.",
            "Which login? Hand over the key and the sandbox key separately.",
        ),
        Pair("Название поля счёта в `account`?", "The name of the field in `account`?"),
        _ADDRESSES,
        Pair(
            "Нужны ли песочнице одноразовые счета (накопительный или разовый тип)?",
            "Does the sandbox want one-time orders?",
        ),
        Pair("Нужны ли фискальные данные (`detail`)?", "Fiscal data (`detail`): are they wanted?"),
        Pair("Как долго вы повторяете запрос?", "How long do you repeat?"),
        Pair(
            "Что вы делаете после -31008 и -31007 в ответ на CancelTransaction?",
            "What do you do after -31008 and -31007 in CancelTransaction?",
        ),
        Pair(
            "Ждёте ли вы отказа, если `time` старше 12 часов?",
            "Is a `time` older than 12 hours to be refused?",
        ),
        Pair("Показываете ли вы `additional`?", "Do you show `additional`?"),
    ),
    "click": (
        Pair("Как вы повторяете Complete и Prepare?", "How do you repeat Complete and Prepare?"),
        Pair("Сколько вы ждёте ответа?", "Your time limits?"),
        Pair("Что вы делаете, если ответа нет?", "What do you do without an answer?"),
        _ADDRESSES,
        Pair(
            "Закрывает ли код -4 на повторный Complete платёж как проведённый?",
            "Does -4 to a repeated Complete close the payment on your side?",
        ),
        Pair("Бывают ли у сумм дробные части?", "Do sums ever have a fraction?"),
        Pair("Как мы узнаём об отменённых платежах?", "How do cancelled payments reach us?"),
    ),
    "uzum": (
        Pair("Наш `serviceId`?", "Our `serviceId`?"),
        Pair("Название поля счёта в `params`?", "The name of the field in `params`?"),
        Pair(
            "Какой логин для проверки? Пароль передайте отдельно.",
            "Which login for the tests? Hand over the password separately.",
        ),
        _ADDRESSES,
        Pair(
            "Нужны ли коды на повторы (10010, 10016, 10018) или первый ответ ещё раз?",
            "Repeats with codes (10010, 10016, 10018), or the first answer again?",
        ),
        Pair("`errorCode` — строка или число?", "`errorCode`: text or number?"),
        Pair("HTTP 400 или 401 на неверный пароль?", "HTTP 400 or 401 for a bad password?"),
        Pair(
            "Какие поля `data` показывает приложение?",
            "Which members of `data` does the application show?",
        ),
    ),
    "paynet": (
        Pair("Нет обязательного параметра: 411 или -32602?", "A missing parameter: 411 or -32602?"),
        Pair(
            "Повторная отмена: 202 или прежний ответ?", "A second cancel: 202 or the result again?"
        ),
        Pair("Какой вид даты когда приходит?", "Which form of date comes when?"),
        Pair("Что вы делаете после HTTP 503?", "What does an HTTP 503 do?"),
        _ADDRESSES,
        Pair("Наш `serviceId`?", "Our `serviceId`?"),
        Pair("Название поля с номером в `fields`?", "The name of the field in `fields`?"),
        Pair("Может ли `balance` всегда быть 0?", "May `balance` stay 0?"),
        Pair(
            "Через какое время после платежа может прийти отмена?",
            "How long after a payment may a cancel come?",
        ),
    ),
    "mbank": (
        _PAPER,
        _ADDRESSES,
        _BASIC,
        Pair("В каком поясе `DTS`?", "The zone of `DTS`?"),
        Pair("Какие `QM` и `SERVICE_ID`?", "`QM` and `SERVICE_ID`?"),
        Pair("Один ли `QID` у проверки и её платежа?", "Do a check and its pay share a `QID`?"),
        Pair("Что вы делаете после 424 и без ответа?", "What do 424 and no answer do?"),
        Pair("Что делает `PR09`?", "What does `PR09` do?"),
        Pair(
            "Верны ли коды 421–424, поля ответа на проверку, 420 на закрытый счёт?",
            "Are codes 421 to 424, the fields of a check's answer, and 420 for a closed account "
            "right?",
        ),
        _REGISTER,
    ),
    "ckassa": (
        Pair("`pay_amount` в рублях или копейках?", "`pay_amount`: roubles or kopecks?"),
        Pair(
            "Входит ли подпись запроса в подпись ответа?",
            "Does the sign of the request enter the sign of the answer?",
        ),
        Pair("Знак `balance`: долг с минусом?", "The sign of `balance`: is a debt negative?"),
        Pair("В каком поясе даты?", "The zone of dates?"),
        _PAPER,
        _ADDRESSES,
        Pair("Что вы делаете после 90 и без ответа?", "What do 90 and no answer do?"),
        Pair("Закрывает ли код 1 платёж как проведённый?", "Does code 1 close the payment?"),
        _REGISTER,
    ),
    "files": (),
}
FILE_QUESTIONS: tuple[Pair, ...] = (
    Pair(
        "Настоящий файл каждого вида, с итоговой строкой.",
        "A real file of each kind, with a totals line.",
    ),
    Pair("Кодировка, разделитель, знаки после точки?", "Encoding, separator and decimals?"),
    Pair("В каком столбце номер онлайн-платежа?", "Which column is the id of the online payment?"),
    Pair("Суммы с комиссией или без?", "Gross or net?"),
    Pair("Пояс дат и час отправки?", "The zone of dates, and the hour?"),
    Pair("Что значит второй файл за тот же день?", "What does a second file of a day mean?"),
    Pair("Как в нём видны возвраты и отмены?", "Returns and cancels in it?"),
    Pair("Куда сообщать о расхождениях?", "Where to report differences?"),
    Pair(
        "Списки счетов: вид, имя файла, способ передачи?",
        "Lists of bills: layout, name, how delivered?",
    ),
    Pair(
        "Заменяет ли новый список прежний; нужны ли в нём нулевые долги?",
        "Does a new list replace the old one; do zero debts belong in it?",
    ),
)
