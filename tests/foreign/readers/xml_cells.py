"""The cells of an XML file in Decant's layout, as Python's ElementTree reads them.

    xml_cells.py FILE
"""

import base64
import json
import sys
from xml.etree import ElementTree

NAMESPACE = "{urn:decant:export:1}"


def text(cell):
    """A cell's text; a cell that is left out is null."""
    if cell is None:
        return None
    if cell.get("encoding") == "base64":
        return base64.b64decode(cell.text, validate=True).decode()
    return cell.text or ""


export = ElementTree.parse(sys.argv[1]).getroot()
columns = export.findall(f"{NAMESPACE}columns/{NAMESPACE}column")
elements = [NAMESPACE + column.get("element") for column in columns]
rows = [[text(row.find(element)) for element in elements] for row in export.findall(f"{NAMESPACE}row")]
assert export.find(f"{NAMESPACE}end").get("rows") == str(len(rows))
headings = [text(column.find(f"{NAMESPACE}name")) for column in columns]
json.dump({"headings": headings, "rows": rows}, sys.stdout)
