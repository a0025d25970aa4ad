"""What every sheet says, in Russian and English, as tables. `{…}` are values of the settings.

A text between backticks is set as code. The questions are those of the sheets of the protocols,
section 12.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from callback.model import Outcome

LANGUAGES = ("ru", "en")


class Pair(NamedTuple):
    """One thing said in both languages."""

    ru: str
    en: str


TITLE = Pair("Подключение: {bank}", "Connection sheet: {bank}")
MADE = Pair(
    "Протокол: {protocol}. Этот лист программа составила сама по своим настройкам, дата: {day}. "
    "Паролей и ключей здесь нет: они передаются отдельно.",
    "Protocol: {protocol}. Made by the program itself on {day} out of its settings. No password or "
    "key is printed here: they are handed over separately.",
)

# Sections in their order; for a bank that never calls there are fewer.
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
SECTIONS_WITHOUT_CALLS = ("address", "account", "questions", "contact")

HEADS: Mapping[str, tuple[Pair, ...]] = {
    "address": (
        Pair("Операция", "Operation"),
        Pair("Адрес", "Address"),
        Pair("Метод HTTP", "HTTP method"),
    ),
    "services": (
        Pair("Услуга", "Service"),
        Pair("Номер", "Number"),
        Pair("От", "From"),
        Pair("До", "To"),
        Pair("Валюта", "Currency"),
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
        Pair("Исход", "Final?"),
    ),
}

# address
EVERY = Pair("все", "all")
OR = Pair(" или ", " or ")
NO_PUBLIC_URL = Pair(
    "Начало адреса неизвестно: в настройках нет `PUBLIC_URL`. Впишите его "
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
BY_BARE_BASIC = Pair(
    "заголовок `Authorization`: `имя:пароль` в Base64 без слова Basic, имя `{username}`; пароль "
    "передаётся отдельно",
    "the header `Authorization`: `user:password` in Base64 without the word Basic, user name "
    "`{username}`; the password is handed over separately",
)
BY_ELEMENTS = Pair(
    "имя пользователя `{username}` и пароль внутри каждого запроса; пароль передаётся отдельно",
    "user name `{username}` and password inside of every request; the password is handed over "
    "separately",
)
BY_TOKEN = Pair(
    "подписанный адрес: ключ в адресе, передаётся отдельно",
    "signed address: a key inside the address, handed over separately",
)
BY_SIGNATURE = Pair("подпись запроса: {formula}", "a signature of the request: {formula}")
EXAMPLE_SECRET_IS = Pair(
    "Примеры подписаны выдуманным ключом `{secret}`, чтобы на них можно было проверить формулу; "
    "настоящий ключ другой.",
    "The examples are signed with the invented key `{secret}`, so that the formula can be tried "
    "on them; the real key is another one.",
)
EXAMPLE_PASSWORD_IS = Pair(
    "В примерах вместо пароля стоит `{secret}`.",
    "In the examples `{secret}` stands for a password.",
)
EXAMPLE_HEX_IS = Pair(
    "В примерах вместо подписи стоит `{secret}`.", "In the examples `{secret}` stands for a sign."
)

# parameters
EXACTLY = Pair("ровно так: {commands}", "exactly so: {commands}")
OF_ACCOUNT = Pair("номер, который ввёл плательщик", "the number that the payer typed")
OF_SUM = Pair("сумма: {sum}", "the sum: {sum}")
DIGITS_ID = Pair(
    "номер платежа у банка: от 1 до {id_digits} цифр, это текст: `0007` и `7` — два платежа",
    "the bank's number of the payment: 1 to {id_digits} digits, a text: `0007` and `7` are two "
    "payments",
)
TEXT_ID = Pair(
    "номер платежа у банка: текст до 64 печатных знаков ASCII без пробелов, регистр важен",
    "the bank's number of the payment: up to 64 printable ASCII characters without blanks, letter "
    "case counts",
)
COMPACT = Pair(
    "дата и время платежа у банка `ГГГГММДДЧЧММСС`, часовой пояс {zone}",
    "the bank's date and time of the payment `YYYYMMDDHHMMSS`, zone {zone}",
)
ISO = Pair(
    "дата и время платежа у банка `ГГГГ-ММ-ДДTЧЧ:ММ:СС`, часовой пояс {zone}",
    "the bank's date and time of the payment `YYYY-MM-DDTHH:MM:SS`, zone {zone}",
)
BLANK = Pair(
    "дата и время у банка `ГГГГ-ММ-ДД ЧЧ:ММ:СС`, часовой пояс {zone}",
    "the bank's date and time `YYYY-MM-DD HH:MM:SS`, zone {zone}",
)
MILLISECONDS = Pair(
    "целое число: миллисекунды с 1970 года, UTC", "an integer: milliseconds since 1970, UTC"
)
SIGN = Pair("подпись, см. выше", "the signature, see above")
SERVICE = Pair("номер услуги: `{service_id}`", "the number of the service: `{service_id}`")
# Where the setting is a list, which is set as code already.
SERVICE_OF_LIST = Pair("номер услуги: {service_id}", "the number of the service: {service_id}")
RPC_ID = Pair(
    "номер вызова: число или текст, повторяется в ответе",
    "the number of the call: integer or text, repeated in the answer",
)
OBJECT = Pair(
    "объект; номер — его поле `{account_field}`",
    "an object; its member `{account_field}` is the number",
)

MAY_LACK = Pair("{operation} (может не быть)", "{operation} (may lack)")
IGNORED = Pair(
    "Других параметров программа не читает. Если параметр из таблицы передан дважды, это отказ.",
    "No other parameter is read. One of the table that is given twice is a refusal.",
)


# answer
CODE = Pair("код, см. «Коды»", "the code, see “Codes”")
SAID = Pair("пояснение", "an explanation")
OURS = Pair("наш номер платежа", "our number of the payment")
ECHO = Pair("номер из запроса", "the number in the request")
RECORDED_SUM = Pair("записанная сумма", "the recorded sum")
RECORDED_AT = Pair(
    "когда платёж записан, часовой пояс {zone}; в повторе то же самое",
    "when the payment was recorded, zone {zone}; the same in a repeat",
)
OUR_TIMES = Pair(
    "наше время, миллисекунды с 1970 года, UTC; в повторе то же самое",
    "our time, milliseconds since 1970, UTC; the same in a repeat",
)
NAME = Pair("имя плательщика, часть букв скрыта", "the payer's name, masked")
ADDRESS = Pair("адрес плательщика", "the payer's address")
OWED = Pair("долг", "what is owed")
BALANCE = Pair("остаток на счёте: {balance}", "the balance: {balance}")
DEBT_IS_NEGATIVE = Pair("долг со знаком минус", "a debt is negative")
DEBT_IS_POSITIVE = Pair("долг без знака", "a debt is positive")
OUR_SIGN = Pair("наша подпись", "our signature")
SHOWN_FIELDS = Pair("что показать плательщику", "what to show to the payer")


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
PATTERN = Pair(
    "Регулярное выражение для всего номера: `{pattern}`. Регистр букв и нули в начале важны, "
    "пробелы не отбрасываются.",
    "The expression for the whole number: `{pattern}`. Letter case and leading zeros count, blanks "
    "are not cut off.",
)
PATTERN_OF_DIGITS = Pair(
    "Регулярное выражение для всего номера без пробелов, дефисов и скобок между цифрами: "
    "`{pattern}`. Передавайте номер так, как его ввёл плательщик; нули в начале важны.",
    "The expression for the whole number without blanks, dashes and brackets between its digits: "
    "`{pattern}`. Send the number as the payer typed it; leading zeros count.",
)
SERVICES = Pair(
    "Услуг несколько; какая оплачивается, говорит запрос. Примеры — о первой.",
    "There are several services; the request tells which is paid. The examples are about the "
    "first.",
)
SERVICES_BY = Pair(
    "Услуг несколько; какая оплачивается, говорит параметр `{field}`. Примеры — о первой.",
    "There are several services; the parameter `{field}` tells which is paid. The examples are "
    "about the first.",
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
    "Время в запросах и ответах — миллисекунды UTC; даты реестров: часовой пояс {zone}.",
    "Times in requests and answers are milliseconds, UTC; dates of registers: zone {zone}.",
)
# How a sum is written.
STRICT = Pair("`{example}`: цифры, точка, две цифры", "`{example}`: digits, a dot, two digits")
DECIMAL = Pair(
    "`{example}`: цифры, точка или запятая, одна или две цифры; целое число без точки не "
    "принимается: это могут быть копейки",
    "`{example}`: digits, a dot or a comma, one or two digits; a bare integer is refused: it may "
    "be kopecks",
)
LENIENT = Pair(
    "`{example}`: цифры; после точки или запятой одна, две или ничего",
    "`{example}`: digits; after a dot or a comma one, two or none",
)
SUM_FORMS: Mapping[str, Pair] = {"strict": STRICT, "decimal": DECIMAL, "lenient": LENIENT}
HUNDREDTHS = Pair(
    "целое число сотых долей (тийинов): {example} {currency} = `{hundredths}`",
    "an integer of hundredths (tiyin): {example} {currency} = `{hundredths}`",
)
KOPECKS = Pair(
    "целое число копеек: {example} {currency} = `{hundredths}`",
    "a whole number of kopecks: {example} {currency} = `{hundredths}`",
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
DECODED = Pair("Поле `{name}` до кодирования", "The field `{name}` before it is encoded")
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
    "password": Pair(
        "Пароль сменён: дальше верен только новый",
        "The password is changed: only the new one is good from now on",
    ),
    "book another": Pair("Создан другой платёж", "Another payment is booked"),
}

# codes
FINAL: Mapping[str, Pair] = {
    "done": Pair("выполнено", "done"),
    "refused": Pair("отказ", "yes"),
    "stranger": Pair("отказ, пока не исправлено", "yes, until it is put right"),
    "again": Pair("неизвестен, повторите", "no, ask again"),
}
FINAL_MEANS = Pair(
    "«Отказ»: этим запросом ничего не записано, повторять его не нужно. «Неизвестен»: повторяйте "
    "тот же запрос, пока не придёт другой ответ; деньги не возвращайте.",
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
    "password": Pair("новый пароль действует", "the new password holds"),
}
# Stands for success, or is never sent.
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
    "not_authenticated": Pair(
        "неверное имя пользователя или пароль", "wrong user name or password"
    ),
    "sum_differs": Pair(
        "сумма не равна сумме счёта или созданного платежа",
        "the sum is not that of the invoice, or of the booking",
    ),
    "temporary": Pair(
        "сейчас ответить нельзя, исход неизвестен", "no answer now, the outcome is not known"
    ),
}

# Where it is not the password.
WRONG_SIGN = Pair("неверная подпись", "wrong signature")

# repeats
REPEAT_SAME = Pair(
    "Известный номер платежа с теми же номером плательщика и суммой: код {code}, те же данные, "
    "что и в первый раз; второй раз ничего не записывается. Так и тогда, когда счёт плательщика с "
    "тех пор закрыт.",
    "A known payment number with the same account and sum: code {code}, with the data of the first "
    "answer; nothing is recorded twice. So it is, too, when the account was closed since.",
)
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
    "Мы отвечаем не позже чем через {seconds} с. Если к этому времени исход неизвестен, ответ — "
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
ASK_ADDRESSES = Pair("С каких адресов вы обращаетесь?", "Which addresses do you call from?")
ASK_BASIC = Pair("Нужен ли HTTP Basic?", "Do you use HTTP Basic?")
ASK_REGISTER = Pair(
    "Реестр: куда, в котором часу, какой вид?",
    "The register: where to, at what hour, which layout?",
)
ASK_PAPER = Pair("Пришлите описание протокола.", "Please send the paper of the protocol.")

FILE_QUESTIONS: tuple[Pair, ...] = (
    Pair(
        "Настоящий файл каждого вида, с итоговой строкой.",
        "A real file of each kind, with a totals line.",
    ),
    Pair("Кодировка, разделитель, знаки после точки?", "Encoding, separator and decimals?"),
    Pair("В каком столбце номер онлайн-платежа?", "Which column is the id of the online payment?"),
    Pair("Суммы с комиссией или без?", "Gross or net?"),
    Pair(
        "В каком часовом поясе даты, в котором часу отправка?", "The zone of dates, and the hour?"
    ),
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
