"""The page about MBANK and Mobilnik (mbank.md)."""

from __future__ import annotations

from callback.tools.sheet.dialect_sheet import DialectSheet, Param
from callback.tools.sheet.texts import (
    ASK_ADDRESSES,
    ASK_BASIC,
    ASK_PAPER,
    ASK_REGISTER,
    BLANK,
    CODE,
    ECHO,
    EXACTLY,
    OF_ACCOUNT,
    OF_SUM,
    SAID,
    SERVICE,
    SHOWN_FIELDS,
    TEXT_ID,
    Pair,
)

SHEET = DialectSheet(
    title=Pair("MBANK / Мобильник: XML QE11 и QE10", "MBANK / Mobilnik: XML QE11 and QE10"),
    callers=Pair("MBANK, Mobilnik", "MBANK, Mobilnik"),
    proofs=Pair("адреса, подписанный адрес, Basic", "addresses, signed address, Basic"),
    sources=Pair("три программы, документа нет", "three programs agree, no paper"),
    parameters=(
        Param("DTS", "check? pay", BLANK),
        Param("QM", "check pay", Pair("источник: {qm}", "the source: {qm}")),
        Param("QID", "check? pay", TEXT_ID),
        Param("OP", "check pay", EXACTLY),
        Param("PARAM1", "check pay", OF_ACCOUNT),
        Param("SUM", "check? pay", OF_SUM),
        Param("SERVICE_ID", "check pay", SERVICE),
    ),
    answers=(
        ("QID", ECHO),
        ("DTS", Pair("наше время, часовой пояс {zone}", "our time, zone {zone}")),
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
    questions=(
        ASK_PAPER,
        ASK_ADDRESSES,
        ASK_BASIC,
        Pair("В каком часовом поясе `DTS`?", "The zone of `DTS`?"),
        Pair("Какие `QM` и `SERVICE_ID`?", "`QM` and `SERVICE_ID`?"),
        Pair("Один ли `QID` у проверки и её платежа?", "Do a check and its pay share a `QID`?"),
        Pair("Что вы делаете после 424 и без ответа?", "What do 424 and no answer do?"),
        Pair("Что делает `PR09`?", "What does `PR09` do?"),
        Pair(
            "Верны ли коды 421–424, поля ответа на проверку, 420 на закрытый счёт?",
            "Are codes 421 to 424, the fields of a check's answer, and 420 for a closed account "
            "right?",
        ),
        ASK_REGISTER,
    ),
)
