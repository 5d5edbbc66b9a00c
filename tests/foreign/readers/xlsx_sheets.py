"""The sheets of a workbook, as openpyxl reads them. A cell is its type (n, s, d or b) and its text.

    xlsx_sheets.py FILE
"""

import json
import sys

import openpyxl
from openpyxl.utils.escape import unescape


def cell(cell):
    """A cell without value is null."""
    value, kind = cell.value, cell.data_type
    if value is None:
        return None
    if kind == "s":
        # openpyxl leaves the escapes of ISO/IEC 29500-1, 22.9.2.19 to its callers.
        return kind, unescape(value)
    if kind == "d":
        return kind, value.isoformat(" ")
    return kind, str(value)


# LibreOffice saves a boolean as the formula of one, with its value.
workbook = openpyxl.load_workbook(sys.argv[1], data_only=True)
sheets = [
    {
        "name": sheet.title,
        "frozen_at": sheet.freeze_panes,
        "rows": [list(map(cell, row)) for row in sheet.iter_rows()],
    }
    for sheet in workbook
]
json.dump(sheets, sys.stdout)
