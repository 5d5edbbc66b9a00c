"""Lines for fine-tuning, read strictly. Prints the number of lines and of messages, or fails at the first line that a
trainer would refuse.

    training_lines.py FILE metadata|plain
"""

import json
import sys

ROLES = {"system", "user", "assistant", "tool"}


def without_repeats(pairs):
    """An object whose names are all different."""
    names = [name for name, _ in pairs]
    assert len(names) == len(set(names)), f"a name comes twice: {names}"
    return dict(pairs)


def refuse(word):
    raise ValueError(f"{word} is not JSON")


def check(line, keys):
    example = json.loads(line, object_pairs_hook=without_repeats, parse_constant=refuse)
    assert list(example) == keys, f"the members are {list(example)}"
    messages = example["messages"]
    assert isinstance(messages, list) and messages, "there are no messages"
    for message in messages:
        assert list(message) == ["role", "content"], f"a message has {list(message)}"
        assert message["role"] in ROLES, f"unknown role {message['role']}"
        assert isinstance(message["content"], str) and message["content"].strip(), "empty content"
    spoken = [message["role"] for message in messages]
    while spoken and spoken[0] == "system":
        del spoken[0]
    assert "system" not in spoken, "an instruction comes after the first message"
    assert spoken and spoken[0] == "user", "a user does not begin"
    assert spoken[-1] == "assistant", "an assistant does not end"
    assert all(role != after for role, after in zip(spoken, spoken[1:])), "a role speaks twice"
    if "metadata" in keys:
        metadata = example["metadata"]
        assert isinstance(metadata, dict) and isinstance(metadata["title"], str)
    # No blanks between values, and the members in their order.
    compact = json.dumps(example["messages"], ensure_ascii=False, separators=(",", ":"))
    begin = '{"messages":' + compact
    assert line.startswith(begin), "the line is not compact"
    return len(messages)


with open(sys.argv[1], "rb") as file:
    data = file.read()
assert not data.startswith(b"\xef\xbb\xbf") and b"\r" not in data and data.endswith(b"\n")
lines = data.decode("utf-8").split("\n")[:-1]
keys = ["messages", "metadata"] if sys.argv[2] == "metadata" else ["messages"]
counts = []
for number, line in enumerate(lines, 1):
    try:
        counts.append(check(line, keys))
    except Exception as problem:
        sys.exit(f"line {number}: {problem}")
json.dump({"lines": len(counts), "messages": sum(counts)}, sys.stdout)
