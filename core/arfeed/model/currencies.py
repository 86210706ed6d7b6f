"""ISO 4217: which codes are money, and how many digits each has after the decimal mark."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

_WITHDRAWN = """
BGN 2026-01 EUR  ANG 2025-07 XCG  ZWL 2024-09 ZWG  SLL 2024-04 SLE  HRK 2023-01 EUR  CUC 2021-06 CUP  VEF 2018-08 VES
MRO 2017-12 MRU  STD 2017-12 STN  BYR 2017-01 BYN  LTL 2014-12 EUR  LVL 2014-01 EUR  ZMK 2012-12 ZMW  EEK 2011-01 EUR
ZWR 2009-06 ZWL  SKK 2009-01 EUR  TMM 2009-01 TMT  ZWD 2008-08 ZWR  ZWN 2008-08 ZWR  CYP 2008-01 EUR  GHC 2008-01 GHS
MTL 2008-01 EUR  VEB 2008-01 VEF  SDD 2007-07 SDG  SIT 2007-01 EUR  CSD 2006-10 RSD  MZM 2006-06 MZN  AZM 2005-12 AZN
TRL 2005-12 TRY  ROL 2005-06 RON  MGF 2004-12 MGA  RUR 2004-01 RUB  SRG 2003-12 SRD  BGL 2003-11 BGN  ADP 2003-07 EUR
YUM 2003-07 CSD  AFA 2003-01 AFN  TPE 2002-11 USD  ATS 2002-03 EUR  BEF 2002-03 EUR  DEM 2002-03 EUR  ESP 2002-03 EUR
FIM 2002-03 EUR  FRF 2002-03 EUR  GRD 2002-03 EUR  IEP 2002-03 EUR  ITL 2002-03 EUR  LUF 2002-03 EUR  NLG 2002-03 EUR
PTE 2002-03 EUR  TJR 2001-04 TJS  BYB 2001-01 BYR  ECS 2000-09 USD  AON 2000-02 AOA  AOR 2000-02 AOA  ZRN 1999-06 CDF
XEU 1999-01 EUR  BAD 1998-07 BAM  SDP 1998-06 SDD  GWP 1997-05 XOF  PLZ 1997-01 PLN  UAK 1996-09 UAH  YUN 1995-11 YUM
GEK 1995-10 GEL  HRD 1995-01 HRK  LVR 1994-12 LVL  BRR 1994-07 BRL  ZRZ 1994-02 ZRN  BRE 1993-03 BRR  LTT 1993-07 LTL
CSK 1993-03 CZK  UYP 1993-03 UYU  MXP 1993-01 MXN  ARA 1992-01 ARS  YDD 1991-09 YER  PEI 1991-07 PEN  AOK 1991-03 AON
SUR 1990-12 RUR  NIC 1990-10 NIO  DDM 1990-09 DEM  BRN 1990-03 BRE  BUK 1990-02 MMK  YUD 1990-01 YUN
"""
"""ISO 4217's list three: national currencies withdrawn since 1990, each with the month and its successor."""

_WITHOUT_CENTS = frozenset({"ADP", "BEF", "BYB", "BYR", "ESP", "ITL", "LUF", "MGF", "PTE", "TPE", "TRL"})
"""Those of them that had no minor unit in the standard; the list itself no longer says. All others had two digits."""


class Withdrawn(NamedTuple):
    """When the standard withdrew a currency (`2026-01`), and the code that followed it."""

    month: str
    successor: str


@cache
def withdrawn() -> Mapping[str, Withdrawn]:
    """Return the withdrawn currencies by code: debts in them may still be open."""
    from iso4217 import Currency

    current = {unit.code for unit in Currency}  # an older table may still have one as current
    words = _WITHDRAWN.split()
    found = zip(words[::3], words[1::3], words[2::3], strict=True)
    return {code: Withdrawn(month, successor) for code, month, successor in found if code not in current}


@cache
def minor_digits() -> Mapping[str, int]:
    """Return digits by code, withdrawn currencies too; codes without minor units (gold, tests) are not money."""
    from iso4217 import Currency

    current = {unit.code: unit.exponent for unit in Currency if unit.exponent is not None}
    return {code: 0 if code in _WITHOUT_CENTS else 2 for code in withdrawn()} | current


def digits_by_row(currencies: pa.Array, otherwise: int) -> npt.NDArray[np.int64]:
    """Return the decimal digits of each row's currency; `otherwise` for what is not a code."""
    import numpy as np

    # A report has a handful of currencies, so each is looked up once instead of once a row.
    codes = currencies.dictionary_encode()
    digits = np.array([minor_digits().get(code, otherwise) for code in codes.dictionary.to_pylist()], np.int64)
    return digits.take(np.asarray(codes.indices))


def format_amount(amount: Decimal, currency: str) -> str:
    """Format an amount with its currency's decimals, with thousands separators and U+2212 as minus."""
    digits = minor_digits().get(currency)
    return format_without_currency(amount) if digits is None else _format(amount, digits)


def format_without_currency(amount: Decimal) -> str:
    """Format an amount of which no currency is known: with two decimals, or four if it has more."""
    return _format(amount, 2 if amount == round(amount, 2) else 4)


def _format(amount: Decimal, digits: int) -> str:
    # The real minus sign: it is as wide as a digit, so amounts line up, and no line is broken after it.
    return f"{amount:,.{digits}f}".replace("-", "−")
