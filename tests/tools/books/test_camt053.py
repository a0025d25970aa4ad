"""Statements of account in camt.053: read exactly, or refused."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from callback.tools.books.entry import RegisterError
from tests.tools.books.test_register import payments, read

if TYPE_CHECKING:
    from pathlib import Path

CAMT = 'protocol = "files"\nregister = { form = "camt053", purpose = "л/с ?([0-9]{8})" }'
STATEMENT = """<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08">
<BkToCstmrStmt>
<GrpHdr><MsgId>STMT261103</MsgId><CreDtTm>2026-11-04T02:00:00+05:00</CreDtTm></GrpHdr>
<Stmt>
<Id>307</Id>
<Acct><Id><IBAN>KZ000000000000000001</IBAN></Id><Ccy>KZT</Ccy></Acct>
<Bal><Tp><CdOrPrtry><Cd>OPBD</Cd></CdOrPrtry></Tp><Amt Ccy="KZT">1000.00</Amt>
 <CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2026-11-03</Dt></Dt></Bal>
<Bal><Tp><CdOrPrtry><Cd>CLBD</Cd></CdOrPrtry></Tp><Amt Ccy="KZT">1544.80</Amt>
 <CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2026-11-03</Dt></Dt></Bal>
<Bal><Tp><CdOrPrtry><Cd>CLAV</Cd></CdOrPrtry></Tp><Amt Ccy="KZT">9.99</Amt>
 <CdtDbtInd>CRDT</CdtDbtInd></Bal>
<Ntry><NtryRef>1</NtryRef><Amt Ccy="KZT">640.30</Amt><CdtDbtInd>CRDT</CdtDbtInd>
 <Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>2026-11-03</Dt></BookgDt><ValDt><Dt>2026-11-04</Dt></ValDt>
 <AcctSvcrRef>BANK0001</AcctSvcrRef>
 <NtryDtls><TxDtls><Refs><EndToEndId>NOTPROVIDED</EndToEndId></Refs>
  <RltdPties><DbtrAcct><Id><IBAN>KZ000000000000000007</IBAN></Id></DbtrAcct></RltdPties>
  <RmtInf><Ustrd>Оплата за услуги, л/с 310</Ustrd><Ustrd>04571</Ustrd></RmtInf>
  <AddtlTxInf>л/с 99999999</AddtlTxInf></TxDtls></NtryDtls></Ntry>
<Ntry><Amt Ccy="KZT">100.5</Amt><CdtDbtInd>DBIT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>
 <BookgDt><Dt>2026-11-03</Dt></BookgDt><AddtlNtryInf>Комиссия</AddtlNtryInf></Ntry>
<Ntry><Amt Ccy="KZT">5</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>
 <BookgDt><DtTm>2026-11-03T20:00:00Z</DtTm></BookgDt><AddtlNtryInf>Аренда</AddtlNtryInf></Ntry>
<Ntry><Amt Ccy="KZT">77.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>PDNG</Cd></Sts>
 <AddtlNtryInf>л/с 31004571</AddtlNtryInf></Ntry>
</Stmt>
</BkToCstmrStmt>
</Document>
"""
ONE = ("KZ000000000000000007/BANK0001/20261103", "31004571", "640.30", "2026-11-03 00:00:00")
SECOND = STATEMENT[STATEMENT.index("<Stmt>") : STATEMENT.index("</BkToCstmrStmt>")]


@pytest.mark.parametrize(
    "content",
    [
        STATEMENT,
        "\ufeff" + STATEMENT,
        STATEMENT.replace("<Sts><Cd>BOOK</Cd></Sts>", "<Sts>BOOK</Sts>").replace(
            "001.08", "001.02"
        ),
        STATEMENT.replace("OPBD", "PRCD"),
        STATEMENT.replace('UTF-8"', 'windows-1251"').encode("cp1251"),
        STATEMENT.replace("<", "<x:")
        .replace("<x:/", "</x:")
        .replace("<x:?", "<?")
        .replace("xmlns=", "xmlns:x="),
        re.sub(r"\n *", "", STATEMENT),
        STATEMENT.replace("640.30<", "640.3000<"),
    ],
    ids=["as sent", "BOM", "older", "PRCD", "cp1251", "a prefix", "one line", "more decimals"],
)
def test_a_statement_is_read(tmp_path: Path, content: str | bytes) -> None:
    """A credit is a payment, a debit is none, what is pending is not there yet."""
    register = read(tmp_path, CAMT, content)

    assert payments(register) == [ONE]
    assert [(remark.name, remark.line, remark.detail) for remark in register.remarks] == [
        ("not a payment", 2, "Комиссия"),
        ("no number in the purpose", 3, "Аренда"),
        ("not a payment", 4, "PDNG: л/с 31004571"),
    ]
    # 20:00 UTC is the next day in Almaty.
    assert register.remarks[1].entry is not None
    assert f"{register.remarks[1].entry.paid_at}" == "2026-11-04 01:00:00"


def test_several_statements_of_a_file_are_all_read(tmp_path: Path) -> None:
    """Each with its own balances; what has the same references is counted."""
    content = STATEMENT.replace("</BkToCstmrStmt>", f"{SECOND}</BkToCstmrStmt>")
    register = read(tmp_path, CAMT, content)

    assert [entry.txn_id for entry in register.entries] == [ONE[0], f"{ONE[0]}#2"]
    wrong = content[::-1].replace("1544.80"[::-1], "1544.81"[::-1], 1)[::-1]
    with pytest.raises(RegisterError, match=r"1544[.]81 by the closing balance, 1544[.]80 by"):
        read(tmp_path, CAMT, wrong)


BATCH = STATEMENT.replace(
    "<AddtlNtryInf>Аренда</AddtlNtryInf>",
    "<NtryDtls>"
    "<TxDtls><Refs><TxId>T1</TxId></Refs><Amt Ccy='KZT'>2</Amt>"
    "<RmtInf><Ustrd>л/с 31004572</Ustrd></RmtInf></TxDtls>"
    "<TxDtls><Refs><TxId>T2</TxId></Refs>"
    "<AmtDtls><TxAmt><Amt Ccy='KZT'>3.00</Amt></TxAmt></AmtDtls>"
    "<RmtInf><Strd><CdtrRefInf><Ref>л/с 31004573</Ref></CdtrRefInf></Strd></RmtInf></TxDtls>"
    "</NtryDtls>",
)


def test_the_details_of_a_batch_are_payments_of_their_own(tmp_path: Path) -> None:
    """When they come to the entry."""
    assert payments(read(tmp_path, CAMT, BATCH))[1:] == [
        ("/T1/20261104", "31004572", "2.00", "2026-11-04 01:00:00"),
        ("/T2/20261104", "31004573", "3.00", "2026-11-04 01:00:00"),
    ]


@pytest.mark.parametrize(
    "content",
    [
        BATCH.replace("3.00", "3.01"),
        BATCH.replace("<Amt Ccy='KZT'>2</Amt>", ""),
        BATCH.replace("<Refs><TxId>T2", "<CdtDbtInd>DBIT</CdtDbtInd><Refs><TxId>T2"),
    ],
)
def test_a_batch_that_does_not_come_to_its_entry_is_not_clear(tmp_path: Path, content: str) -> None:
    """Nobody knows whose the rest is; the entry is shown as a whole."""
    register = read(tmp_path, CAMT, content)
    (remark,) = [remark for remark in register.remarks if remark.name == "no clear number"]

    assert len(register.entries) == 1
    assert remark.entry is not None
    assert f"{remark.entry.amount}" == "5.00"


@pytest.mark.parametrize("sign", ["CRDT", "DBIT"])
def test_a_reversal_is_for_a_person(tmp_path: Path, sign: str) -> None:
    """Of either kind."""
    content = STATEMENT.replace(
        "640.30</Amt><CdtDbtInd>CRDT</CdtDbtInd>",
        f"640.30</Amt><CdtDbtInd>{sign}</CdtDbtInd><RvslInd>true</RvslInd>",
    )
    content = content.replace("1544.80", "1544.80" if sign == "CRDT" else "264.20")
    register = read(tmp_path, CAMT, content)

    assert register.entries == []
    remark = register.remarks[0]
    assert remark.entry is not None
    assert (remark.name, f"{remark.entry.amount}") == (
        ("neither income nor spending", "640.30") if sign == "CRDT" else ("refund", "-640.30")
    )


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("640.30<", "640.301<", "not a sum: 640.301"),
        ("640.30<", "-640.30<", "not a sum: '-640.30'"),
        ("640.30<", "6e2<", "not a sum: '6e2'"),
        ("640.30<", "9999999999999<", "not a sum"),
        ("640.30</Amt><CdtDbtInd>CRDT", "640.30</Amt><CdtDbtInd>CREDIT", "neither CRDT nor DBIT"),
        ("<BookgDt><Dt>2026-11-03", "<BookgDt><Dt>2026-13-03", "not a date"),
        ("310</Ustrd><Ustrd>04571", "310&#9;04571", None),
    ],
)
def test_an_entry_that_cannot_be_read_is_rejected(
    tmp_path: Path, old: str, new: str, why: str | None
) -> None:
    """By its number in the file."""
    register = read(tmp_path, CAMT, STATEMENT.replace(old, new, 1))
    rejected = [remark for remark in register.remarks if remark.name == "rejected"]

    assert [remark.line for remark in rejected] == ([1] if why else [])
    assert all(why in remark.detail for remark in rejected if why)


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ("", "not a readable XML file"),
        ("PK", "not a readable XML file"),
        ("<html></html>", "not a statement in camt.053: no Document/BkToCstmrStmt/Stmt"),
        (STATEMENT.replace("BkToCstmrStmt", "BkToCstmrAcctRpt"), "not a statement in camt.053"),
        (STATEMENT.replace("640.30<", "640.31<"), "1544.80 by the closing balance, 1544.81 by the"),
        (STATEMENT.replace("OPBD", "OPAV"), "a statement without opening or closing balance"),
        (STATEMENT.replace("CLBD", "CLAV"), "a statement without opening or closing balance"),
        (STATEMENT.replace('"KZT">640', '"USD">640'), "entry 1: USD, and not KZT"),
        (STATEMENT.replace(' Ccy="KZT">640', ">640"), "entry 1: no currency, and not KZT"),
        (
            STATEMENT.replace("<Document", '<!DOCTYPE d [<!ENTITY a "a">]><Document'),
            "not a readable XML file: DTDForbidden",
        ),
        (
            STATEMENT.replace("<Id>307</Id>", "<a>" * 50 + "</a>" * 50),
            "not a readable XML file",
        ),
        (STATEMENT.replace('"UTF-8"', '"no-such"'), "not a readable XML file"),
    ],
)
def test_a_statement_that_is_altered_is_refused(tmp_path: Path, content: str, fault: str) -> None:
    """As a whole."""
    with pytest.raises(RegisterError) as caught:
        read(tmp_path, CAMT, content)

    assert str(caught.value).startswith(fault)


@pytest.mark.slow
def test_every_cut_of_a_statement_is_refused(tmp_path: Path) -> None:
    """However much of it has arrived."""
    whole = STATEMENT.rstrip().encode()
    for length in range(0, len(whole), 7):
        with pytest.raises(RegisterError):
            read(tmp_path, CAMT, whole[:length])


def test_an_empty_day_is_proven_by_its_balances(tmp_path: Path) -> None:
    """Which must be the same."""
    empty = re.sub("(?s)<Ntry>.*</Ntry>", "", STATEMENT)
    register = read(tmp_path, CAMT, empty.replace("1544.80", "1000.00"))

    assert (register.entries, register.remarks) == ([], [])
    assert [f"{day}" for day in register.days] == ["2026-11-03"]
    with pytest.raises(RegisterError, match="closing balance"):
        read(tmp_path, CAMT, empty)


@pytest.mark.parametrize("end", ["2026-11-03T23:59:59+05:00", "2026-11-04T00:00:00+05:00"])
def test_a_statement_is_of_the_days_that_it_names(tmp_path: Path, end: str) -> None:
    """A day may end with the midnight behind it."""
    period = f"<FrDtTm>2026-11-02T00:00:00+05:00</FrDtTm><ToDtTm>{end}</ToDtTm>"
    content = STATEMENT.replace("<Id>307</Id>", f"<Id>307</Id><FrToDt>{period}</FrToDt>")
    register = read(tmp_path, CAMT, content)

    assert {f"{day}" for day in register.days} == {"2026-11-02", "2026-11-03"}
