"""The cells of a CSV file, as Python's csv reads them; empty text is taken for null.

    csv_cells.py FILE DELIMITER
"""

import csv
import json
import sys

csv.field_size_limit(1 << 30)
with open(sys.argv[1], encoding="utf-8-sig", newline="") as file:
    headings, *rows = csv.reader(file, delimiter=sys.argv[2], strict=True)
rows = [[cell or None for cell in row] for row in rows]
json.dump({"headings": headings, "rows": rows}, sys.stdout)
