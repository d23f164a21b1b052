"""Write types.ts from the OpenAPI document: `make docs`.

Ours, because the known generators come from npm and need the network and Node, while the document
uses a dozen words of JSON Schema. One that it does not know stops it, so nothing is left out.
"""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
DOCUMENT = HERE.parent / "openapi.json"
TYPES = HERE / "types.ts"
HEAD = """\
// Made by `make docs` from ../openapi.json: do not edit.
// Every instant is RFC 3339 in UTC; members may be added to any object in later versions.
"""
SIMPLE = {
    "string": "string",
    "integer": "number",
    "number": "number",
    "boolean": "boolean",
    "null": "null",
}
# Say what a value is like, and nothing that a type of TypeScript could say.
UNTYPED = {
    "default", "description", "example", "examples", "exclusiveMaximum", "exclusiveMinimum",
    "format", "maxItems", "maxLength", "maximum", "minItems", "minLength", "minimum", "multipleOf",
    "pattern", "readOnly", "title", "uniqueItems", "writeOnly", "nullable", "propertyNames",
    "maxProperties",
}  # fmt: skip
TYPED = {
    "$ref", "additionalProperties", "allOf", "anyOf", "const", "enum", "items", "oneOf",
    "properties", "required", "type",
}  # fmt: skip
Schema = dict[str, Any]


class Unknown(Exception):
    """The document uses a word of JSON Schema that has no type here yet."""


def main() -> int:
    """Write the file, or say that it is not what the document says."""
    text = types_of(json.loads(DOCUMENT.read_text()))
    if "--check" in sys.argv:
        return 0 if TYPES.exists() and TYPES.read_text() == text else 1
    TYPES.write_text(text)
    return 0


def types_of(document: Schema) -> str:
    """Return the TypeScript of a document: its schemas, then its operations."""
    parts = [HEAD]
    for name, schema in sorted(document["components"]["schemas"].items()):
        parts.append(f"{_comment(schema)}export type {name} = {type_of(schema)};\n")
    parts.append("/** What each operation takes and answers, by its `operationId`. */")
    operations = "".join(text for _, text in sorted(_operations(document)))
    parts.append(f"export interface Operations {{\n{operations}}}\n")
    return "\n".join(parts)


def type_of(schema: Schema, indent: str = "") -> str:
    """Return the type of what a schema describes. Raises Unknown."""
    if unknown := set(schema) - TYPED - UNTYPED:
        raise Unknown(f"make_types.py does not know {', '.join(sorted(unknown))} yet: add it.")
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "const" in schema or "enum" in schema:
        return " | ".join(json.dumps(value) for value in schema.get("enum", [schema.get("const")]))
    for word, mark in (("oneOf", " | "), ("anyOf", " | "), ("allOf", " & ")):
        if word in schema:
            parts = list(dict.fromkeys(type_of(one, indent) for one in schema[word]))
            return mark.join(_bracketed(part, " | " in part and mark == " & ") for part in parts)
    kinds = schema.get("type", [])
    found = [_one(kind, schema, indent) for kind in ([kinds] if isinstance(kinds, str) else kinds)]
    return " | ".join(found) or "unknown"


def _one(kind: str, schema: Schema, indent: str) -> str:
    if kind == "array":
        item = type_of(schema.get("items", {}), indent)
        return f"{_bracketed(item, ' ' in item and not item.startswith('{'))}[]"
    if kind == "object":
        return _object(schema, indent)
    return SIMPLE[kind]


def _object(schema: Schema, indent: str) -> str:
    inner = indent + "  "
    if "properties" not in schema:
        more = schema.get("additionalProperties", {})
        return f"Record<string, {type_of(more, indent) if isinstance(more, dict) else 'unknown'}>"
    if not schema["properties"]:
        return "Record<string, never>"
    required = set(schema.get("required", ()))
    members = "".join(
        f"{_comment(member, inner)}{inner}{_name(name)}{'' if name in required else '?'}: "
        f"{type_of(member, inner)};\n"
        for name, member in schema["properties"].items()
    )
    return f"{{\n{members}{indent}}}"


def _operations(document: Schema) -> Iterator[tuple[str, str]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            query = {
                "type": "object",
                "properties": {
                    one["name"]: one["schema"] | {"description": one.get("description", "")}
                    for one in operation.get("parameters", ())
                    if one["in"] == "query"
                },
            }
            body = operation.get("requestBody", {}).get("content", {}).get("application/json")
            answers = [
                type_of(content["schema"], "    ")
                for status, response in operation["responses"].items()
                if status.startswith("2")
                for content in response.get("content", {}).values()
            ]
            told = " ".join(operation.get("description", "").split())
            yield (
                operation["operationId"],
                f"  /** {told} */\n"
                f"  {operation['operationId']}: {{\n"
                f'    method: "{method.upper()}";\n'
                f'    path: "{path}";\n'
                f"    query: {_object(query, '    ')};\n"
                f"    body: {type_of(body['schema'], '    ') if body else 'undefined'};\n"
                f"    answer: {' | '.join(dict.fromkeys(answers)) or 'undefined'};\n"
                "  };\n",
            )


def _comment(schema: Schema, indent: str = "") -> str:
    # A comment must not end where a text of ours has the two marks that end one.
    told = " ".join(schema.get("description", "").split()).replace("*/", "* /")
    return f"{indent}/** {told} */\n" if told else ""


def _name(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z_$][\w$]*", name) else json.dumps(name)


def _bracketed(text: str, is_needed: bool) -> str:
    return f"({text})" if is_needed else text


if __name__ == "__main__":
    sys.exit(main())
