"""The cells of a file of JSON or JSON lines, as Python's json reads them: the JSON of each, with all digits.

    json_cells.py FILE json|jsonl
"""

import json
import sys
from decimal import Decimal


def as_json(value):
    """Like json.dumps, which knows no Decimal."""
    if isinstance(value, dict):
        members = (f"{json.dumps(key)}: {as_json(member)}" for key, member in value.items())
        return "{" + ", ".join(members) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(as_json, value)) + "]"
    return str(value) if isinstance(value, Decimal) else json.dumps(value)


with open(sys.argv[1], encoding="utf-8") as file:
    if sys.argv[2] == "json":
        objects = json.load(file, parse_float=Decimal)
    else:
        objects = [json.loads(line, parse_float=Decimal) for line in file]
headings = list(objects[0])
assert all(list(row) == headings for row in objects)
rows = [list(map(as_json, row.values())) for row in objects]
json.dump({"headings": headings, "rows": rows}, sys.stdout)
