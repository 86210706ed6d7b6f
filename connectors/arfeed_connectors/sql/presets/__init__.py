"""Ready queries for known systems. Each is a file of SQL beside this one, whose head lists what it takes care of."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import resources

_TABLE = re.compile(r"\{([A-Za-z_][\w -]*)\}")

Quote = Callable[[str], str]
"""How a database writes the name of a table."""


@dataclass(frozen=True, slots=True)
class Preset:
    """What a preset is for, the usual prefix of its tables, the settings it needs, and whether companies share it.

    Each has a folder: list.sql is its query, and closed.sql says what became of given numbers. With `has_ledger` its
    receivables account is kept in another place than the list, and ledger.sql asks for its balance. With
    `one_number_space` no number is given out by two companies. `version` asks the program for its own. With
    `days_are_moments` its dates are moments in UTC, of which the day is wanted that it was where they were typed. Where
    a table of the list is missing, OLDER.sql and OLDER.closed.sql do without it, `older` being a version.
    With `adds_up` the list adds up payments or a journal, which takes long, so rows and control come in one statement.
    `blank_balance` is why the list has no balance for an open document, and what to do in the program.
    """

    about: str
    table_prefix: str = ""
    requires: tuple[str, ...] = ()
    by_company: bool = False
    one_number_space: bool = False
    has_ledger: bool = False
    version: str | None = None
    days_are_moments: bool = False
    older: str = ""
    adds_up: bool = False
    blank_balance: str | None = None

    def tables(self, name: str, part: str = "") -> tuple[str, ...]:
        """Return the tables that the query reads, without their prefix."""
        text = _read(name, part)
        return tuple(dict.fromkeys(_TABLE.findall(text)))

    def version_of(self, name: str, table_prefix: str | None, has_table: Callable[[str], bool]) -> str:
        """Return `older` if a table of the list is missing and all that the older one reads are there, else ""."""
        prefix = self.table_prefix if table_prefix is None else table_prefix
        if not self.older or all(has_table(prefix + table) for table in self.tables(name)):
            return ""
        return self.older if all(has_table(prefix + table) for table in self.tables(name, self.older)) else ""

    def statement(self, name: str, part: str, table_prefix: str | None, quote: Quote) -> str:
        """Return the SQL of the list, or of the part "closed" or "ledger", every `{table}` prefixed and quoted."""
        prefix = self.table_prefix if table_prefix is None else table_prefix
        return fill_tables(_read(name, part), prefix, quote)


def _read(name: str, part: str) -> str:
    return resources.files(__package__).joinpath(name, f"{part or 'list'}.sql").read_text("utf-8")


def fill_tables(text: str, prefix: str, quote: Quote) -> str:
    """Return SQL with every `{table}` prefixed and quoted."""
    return _TABLE.sub(lambda table: quote(prefix + table[1]), text)


PRESETS: Mapping[str, Preset] = {
    "odoo": Preset("Odoo 13 and later", by_company=True, has_ledger=True),
    "erpnext": Preset(
        "ERPNext 14 and later",
        table_prefix="tab",
        by_company=True,
        one_number_space=True,
        has_ledger=True,
        adds_up=True,
        older="13",
        version="SELECT MAX(a.app_version) FROM {Installed Application} a WHERE a.app_name = 'erpnext'",
    ),
    "sqlledger": Preset(
        "SQL-Ledger 3.2",
        has_ledger=True,
        adds_up=True,
        version="SELECT MAX(d.fldvalue) FROM {defaults} d WHERE d.fldname = 'version'",
    ),
    "ledgersmb": Preset(
        "LedgerSMB 1.6",
        has_ledger=True,
        version="SELECT MAX(d.value) FROM {defaults} d WHERE d.setting_key = 'version'",
    ),
    "frontaccounting": Preset(
        "FrontAccounting 2.4",
        table_prefix="0_",
        has_ledger=True,
        version="SELECT MAX(y.value) FROM {sys_prefs} y WHERE y.name = 'version_id'",
    ),
    "kivitendo": Preset("kivitendo 3.6 and later", has_ledger=True, adds_up=True),
    "tryton": Preset("Tryton 7.0", by_company=True, has_ledger=True),
    "dolibarr": Preset(
        "Dolibarr 10 and later",
        table_prefix="llx_",
        requires=("currency",),
        by_company=True,
        adds_up=True,
        blank_balance="this invoice is in another currency than the company, and Dolibarr holds 0 in that currency for "
        "its total, or for a payment, deposit or credit used on it. Enter that amount in the invoice's currency in "
        "Dolibarr (a credit by splitting or using it again), or take the invoice out by a query",
    ),
    "invoiceplane": Preset("InvoicePlane 1.5 and later", table_prefix="ip_", requires=("currency",), adds_up=True),
    "akaunting": Preset("Akaunting 3", requires=("table_prefix",), by_company=True),
    "gnucash": Preset("GnuCash 3 and later, saved as SQLite, PostgreSQL or MySQL", days_are_moments=True, adds_up=True),
    "sap-b1": Preset("SAP Business One on SQL Server", has_ledger=True),
    "dynamics-gp": Preset("Microsoft Dynamics GP"),
}


def describe_presets() -> str:
    """Name all presets in a sentence, with what each is for and needs."""
    return "; ".join(
        f'"{name}" ({preset.about}{"".join(f", needs {key}" for key in preset.requires)})'
        for name, preset in PRESETS.items()
    )
