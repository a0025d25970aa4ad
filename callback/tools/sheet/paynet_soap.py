"""The page about Paynet's SOAP form (paynet_soap.md)."""

from __future__ import annotations

from callback.tools.sheet.dialect_sheet import DialectSheet, Note, Param
from callback.tools.sheet.texts import (
    ASK_ADDRESSES,
    CODE,
    HUNDREDTHS,
    ISO,
    OF_SUM,
    OURS,
    SAID,
    SERVICE_OF_LIST,
    Pair,
)

SERVED = "check pay status cancel statement"
ALL = f"{SERVED} password"
ONE_END = Pair(
    "первая или последняя секунда, обе входят: `ГГГГ-ММ-ДДTЧЧ:ММ:СС`, часовой пояс {zone}",
    "the first or the last second, both belong to it: `YYYY-MM-DDTHH:MM:SS`, zone {zone}",
)
STATE = Pair(
    "`1` оплачен, `2` отменён, `3` такого нет, `0` в других отказах",
    "`1` paid, `2` cancelled, `3` not found, `0` in other refusals",
)


SHEET = DialectSheet(
    title=Pair("Paynet: SOAP 1.1 или 1.2", "Paynet: SOAP 1.1 or 1.2"),
    callers=Pair("Paynet, старый вид", "Paynet, the older form"),
    proofs=Pair("имя и пароль в запросе, адреса", "user name and password inside, addresses"),
    sources=Pair(
        "документ с WSDL и XSD в одной программе, полтора десятка программ",
        "the paper with its WSDL and XSD in one program, about fifteen programs",
    ),
    parameters=(
        Param("password", ALL, Pair("передаётся отдельно", "handed over separately")),
        Param("username", ALL, Pair("`{username}`", "`{username}`")),
        Param("serviceId", SERVED, SERVICE_OF_LIST),
        Param(
            "transactionId",
            "pay status cancel",
            Pair(
                "номер платежа: целое число больше 0, до 19 цифр",
                "the number of the payment: an integer above 0, up to 19 digits",
            ),
        ),
        Param("amount", "pay", OF_SUM),
        Param("transactionTime", "pay status? cancel?", ISO),
        Param(
            "parameters",
            "check pay",
            Pair(
                "пары `paramKey` и `paramValue`; номер, который ввёл плательщик, — значение ключа "
                "`{account_field}`; другие ключи не читаются",
                "pairs of `paramKey` and `paramValue`; the number that the payer typed is the "
                "value of the key `{account_field}`; other keys are not read",
            ),
        ),
        Param("dateFrom", "statement", ONE_END),
        Param("dateTo", "statement", ONE_END),
        Param(
            "newPassword",
            "password",
            Pair("от 8 до 128 печатных знаков ASCII", "8 to 128 printable ASCII characters"),
        ),
    ),
    notes=(
        Note(
            Pair(
                "У времени могут быть доли секунды, они отбрасываются, и `Z` или сдвиг, например "
                "`+05:00`: тогда оно переводится в часовой пояс банка. С `onlyTransactionId=true` "
                "список состоит из одних номеров.",
                "A time may have a fraction of a second, which is cut off, and `Z` or an offset "
                "such as `+05:00`, by which it is converted. With `onlyTransactionId=true` a "
                "statement has nothing but ids.",
            )
        ),
        Note(
            Pair(
                "Имена и порядок элементов — из вашего WSDL; по `?wsdl` его у нас нет. Тип "
                "содержимого и `SOAPAction` не важны. То, что нельзя прочесть, и неизвестный "
                "метод — SOAP Fault с HTTP 500.",
                "Names and order of elements are those of your WSDL; at `?wsdl` we do not have "
                "it. Content type and `SOAPAction` do not matter. What cannot be read, and an "
                "unknown method, is a SOAP Fault with HTTP 500.",
            )
        ),
        Note(
            Pair(
                "ChangePassword: с нашего ответа верен только новый пароль; имя пользователя "
                "остаётся прежним.",
                "ChangePassword: from our answer on only the new password is good; the user name "
                "stays.",
            )
        ),
    ),
    answers=(
        ("errorMsg", SAID),
        ("status", CODE),
        ("timeStamp", Pair("наше время, часовой пояс {zone}", "our time, zone {zone}")),
        ("providerTrnId", OURS),
        ("transactionState", STATE),
        (
            "transactionStateErrorStatus",
            Pair("`0`; код, если платежа нет", "`0`; the code where there is no such payment"),
        ),
        ("transactionStateErrorMsg", SAID),
        (
            "parameters",
            Pair(
                "что показать плательщику; долг в тийинах",
                "what to show to the payer; tiyin for debt",
            ),
        ),
        ("statements", Pair("платёж в списке", "a payment of the list")),
    ),
    sums=HUNDREDTHS,
    repeats=Pair(
        "Известный `transactionId`: всегда код {code}, что бы ни было в запросе; второй раз ничего "
        "не записывается. Состояние платежа скажет `CheckTransaction`.",
        "A known `transactionId`: always code {code}, whatever else the request says; nothing is "
        "recorded twice. `CheckTransaction` tells the state of the payment.",
    ),
    questions=(
        Pair("Неверный пароль: 412 или 601?", "A wrong password: 412 or 601?"),
        Pair(
            "Какого ответа вы ждёте на проверку неизвестного номера: 203 и состояние 3?",
            "What do you expect of an unknown id: 203 and state 3?",
        ),
        Pair("Повторная отмена: 202?", "A second cancel: 202?"),
        Pair(
            "По какой дате считается список: по вашей `transactionTime` или по нашей?",
            "By which date is the statement counted: your `transactionTime`, or ours?",
        ),
        Pair("Что вы делаете после HTTP 503 и после Fault?", "What do HTTP 503 and a Fault do?"),
        ASK_ADDRESSES,
        Pair("Наш `serviceId`?", "Our `serviceId`?"),
        Pair("Ключ номера в `parameters`?", "The key of the account in `parameters`?"),
        Pair("Показывает ли терминал долг как деньги?", "Does the terminal show `debt` as money?"),
        Pair("Нужен ли вам ваш WSDL по `?wsdl`?", "Do you want your WSDL at `?wsdl`?"),
        Pair("Не лучше ли вам обращаться по JSON-RPC?", "Would you rather call the JSON-RPC form?"),
    ),
)
