# SPDX-License-Identifier: BSD-3-Clause
"""Writes sluice.json(5) from the published schema: json_page.py SCHEMA > sluice.json.5"""
import json
import sys


def roff(text):
    return str(text).replace("\\", "\\\\").replace("-", "\\-").lstrip(".'")


def kind(node):
    words = []
    if "enum" in node:
        words.append(" | ".join(json.dumps(v) for v in node["enum"]))
    elif "type" in node:
        words.append(" or ".join(node["type"]) if isinstance(node["type"], list) else node["type"])
    if "minimum" in node and "maximum" in node:
        words.append(f"{node['minimum']} to {node['maximum']}")
    if "default" in node:
        words.append(f"default {json.dumps(node['default'])}")
    return ", ".join(words)


def resolve(schema, node):
    while "$ref" in node:
        target = schema
        for part in node["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        node = {**target, **{k: v for k, v in node.items() if k != "$ref"}}
    return node


def print_node(schema, node, path):
    node = resolve(schema, node)
    if path:
        print(f".TP\n.B {roff(path)}\n{roff(node.get('description', 'see below'))}"
              + (f" ({roff(kind(node))})" if kind(node) else ""))
    for name, member in node.get("properties", {}).items():
        if not name.startswith("$"):
            print_node(schema, member, f"{path}.{name}" if path else name)
    if isinstance(node.get("additionalProperties"), dict):
        print_node(schema, node["additionalProperties"], f"{path}.NAME")
    if isinstance(node.get("items"), dict) and "properties" in resolve(schema, node["items"]):
        print_node(schema, node["items"], f"{path}[]")


def main():
    with open(sys.argv[1]) as file:
        schema = json.load(file)
    print('.TH SLUICE.JSON 5 "" "Sluice"\n.SH NAME\nsluice.json \\- configuration of a Sluice router\n'
          ".SH DESCRIPTION\nOne JSON file says what should be. `sluice check FILE` tells everything that "
          "is wrong with it, with line, path and what would be right.\n.SH KEYS")
    print_node(schema, schema, "")
    print(".SH SEE ALSO\n.BR sluice (8),\n.BR sluice\\-control (8)")


main()
