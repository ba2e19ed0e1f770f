"""Each rule of .ci/breaking catches its break, and what breaks nobody is let through."""

import copy
import importlib.machinery
import importlib.util
import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LOADER = importlib.machinery.SourceFileLoader("breaking", str(ROOT / ".ci" / "breaking"))
SPEC = importlib.util.spec_from_loader("breaking", LOADER)
breaking = importlib.util.module_from_spec(SPEC)
sys.dont_write_bytecode = True
LOADER.exec_module(breaking)

OLD = {
    "security": [{}],
    "paths": {
        "/things": {
            "get": {
                "operationId": "list_things",
                "parameters": [
                    {"in": "query", "name": "level", "schema": {"$ref": "#/components/schemas/Level"}},
                    {"in": "query", "name": "q", "schema": {"type": "string"}},
                    {"in": "query", "name": "limit", "schema": {"type": "integer", "minimum": 1, "maximum": 500}},
                ],
                "responses": {
                    "200": {
                        "headers": {"ETag": {}},
                        "content": {
                            "application/json": {"schema": {"$ref": "#/components/schemas/Thing"}},
                            "text/csv": {"schema": {"type": "string"}},
                        },
                    },
                    "400": {},
                },
            },
            "post": {
                "operationId": "create_thing",
                "requestBody": {
                    "content": {
                        "application/json": {"schema": {"$ref": "#/components/schemas/ThingInput"}},
                        "text/csv": {"schema": {"type": "string"}},
                    }
                },
                "responses": {"201": {}, "202": {}},
            },
        }
    },
    "components": {
        "schemas": {
            "Level": {"type": "string", "enum": ["high", "low"]},
            "Thing": {
                "type": "object",
                "required": ["id", "level", "when", "parts"],
                "properties": {
                    "id": {"type": "string"},
                    "level": {"$ref": "#/components/schemas/Level"},
                    "when": {"type": "string", "format": "date"},
                    "count": {"type": "integer"},
                    "parts": {"type": "array", "items": {"$ref": "#/components/schemas/Thing"}},
                    "note": {"type": ["string", "null"]},
                },
            },
            "ThingInput": {
                "type": "object",
                "required": ["id"],
                "properties": {
                    "id": {"type": "string", "maxLength": 100},
                    "level": {"oneOf": [{"$ref": "#/components/schemas/Level"}, {"type": "null"}]},
                    "score": {"type": ["number", "string"]},
                    "parts": {"type": "array", "items": {"type": "object", "properties": {"n": {"type": "number"}}}},
                },
            },
        }
    },
}


def moved(document, holder, key, kind):
    """Moves a part into the components, where the document refers to it."""
    document["components"].setdefault(kind, {})["Moved"] = part = holder[key]
    holder[key] = {"$ref": f"#/components/{kind}/Moved"}
    return part


def changed(change):
    new = copy.deepcopy(OLD)
    things = new["paths"]["/things"]
    schemas = new["components"]["schemas"]
    change(new, things, schemas)
    return breaking.compare(OLD, new)


# What is changed, and what must be told of it; a change of a schema may be told at several places.
BREAKS = {
    "a path goes": (lambda d, t, s: d["paths"].clear(), "GET /things: the path is gone"),
    "a method goes": (lambda d, t, s: t.pop("post"), "POST /things: the method is gone"),
    "an id changes": (lambda d, t, s: t["get"].update(operationId="things"), "`list_things` is now `things`"),
    "a key is needed": (lambda d, t, s: t["get"].update(security=[{"key": []}]), "GET /things: it needs a key now"),
    "a key is needed everywhere": (lambda d, t, s: d.update(security=[{"key": []}]), "POST /things: it needs a key now"),
    "a parameter goes": (lambda d, t, s: t["get"]["parameters"].pop(1), "query `q`: the parameter is gone"),
    "a parameter becomes required": (
        lambda d, t, s: t["get"]["parameters"][1].update(required=True), "query `q`: it is required now"),
    "a required parameter is new": (
        lambda d, t, s: t["get"]["parameters"].append({"in": "query", "name": "x", "required": True, "schema": {}}),
        "query `x`: a required parameter is new"),
    "a parameter that is referred to becomes required": (
        lambda d, t, s: moved(d, t["get"]["parameters"], 1, "parameters").update(required=True),
        "query `q`: it is required now"),
    "a parameter's type narrows": (
        lambda d, t, s: t["get"]["parameters"][1].update(schema={"type": "integer"}), "string is no longer taken"),
    "a parameter takes only words": (
        lambda d, t, s: t["get"]["parameters"][1].update(schema={"type": "string", "enum": ["a"]}),
        "query `q`: only some words are taken now"),
    "a parameter's word goes": (lambda d, t, s: s["Level"].update(enum=["high"]), "query `level`: the word `low` is gone"),
    "a minimum rises": (lambda d, t, s: t["get"]["parameters"][2]["schema"].update(minimum=2), "`minimum` is 2 now"),
    "a maximum falls": (lambda d, t, s: t["get"]["parameters"][2]["schema"].update(maximum=9), "`maximum` is 9 now"),
    "a pattern is new": (
        lambda d, t, s: t["get"]["parameters"][1]["schema"].update(pattern="^a"), "the pattern is now `^a`"),
    "a format is new": (
        lambda d, t, s: t["get"]["parameters"][1]["schema"].update(format="date"), "the format `None` is now `date`"),
    "a body becomes required": (
        lambda d, t, s: t["post"]["requestBody"].update(required=True), "POST /things body: it is required now"),
    "a media type is no longer taken": (
        lambda d, t, s: t["post"]["requestBody"]["content"].pop("text/csv"), "`text/csv` is no longer taken"),
    "a body goes": (lambda d, t, s: t["post"].pop("requestBody"), "`application/json` is no longer taken"),
    "a member of a request goes": (
        lambda d, t, s: s["ThingInput"]["properties"].pop("score"), "body/score: the member is gone"),
    "a member becomes required": (
        lambda d, t, s: s["ThingInput"]["required"].append("level"), "body/level: the member is required now"),
    "a required member is new": (
        lambda d, t, s: (s["ThingInput"]["properties"].update(x={}), s["ThingInput"]["required"].append("x")),
        "body/x: the member is required now"),
    "unknown members are refused": (
        lambda d, t, s: s["ThingInput"].update(additionalProperties=False), "unknown members are refused now"),
    "a type of a member goes": (
        lambda d, t, s: s["ThingInput"]["properties"]["score"].update(type="number"), "body/score: string is no longer taken"),
    "null is no longer taken": (
        lambda d, t, s: s["ThingInput"]["properties"].update(level=s["Level"]), "body/level: null is no longer taken"),
    "a length shrinks": (
        lambda d, t, s: s["ThingInput"]["properties"]["id"].update(maxLength=10), "body/id: `maxLength` is 10 now"),
    "an inner type narrows": (
        lambda d, t, s: s["ThingInput"]["properties"]["parts"]["items"]["properties"].update(n={"type": "integer"}),
        "body/parts/*/n: number is no longer taken"),
    "a success goes": (lambda d, t, s: t["post"]["responses"].pop("202"), "POST /things 202: the status is gone"),
    "a media type of an answer goes": (
        lambda d, t, s: t["get"]["responses"]["200"]["content"].pop("text/csv"), "200: `text/csv` is gone"),
    "a header goes": (lambda d, t, s: t["get"]["responses"]["200"].pop("headers"), "the header `ETag` is gone"),
    "a header of an answer that is referred to goes": (
        lambda d, t, s: moved(d, t["get"]["responses"], "200", "responses").pop("headers"), "the header `ETag` is gone"),
    "a member of an answer goes": (
        lambda d, t, s: s["Thing"]["properties"].pop("count"), "200/count: the member is gone"),
    "a member is no longer always there": (
        lambda d, t, s: s["Thing"]["required"].remove("when"), "200/when: the member is no longer always there"),
    "a member may be null": (
        lambda d, t, s: s["Thing"]["properties"].update(id={"type": ["string", "null"]}), "200/id: null may be told now"),
    "a type widens": (
        lambda d, t, s: s["Thing"]["properties"].update(count={"type": "number"}), "200/count: number may be told now"),
    "a word of an answer is new": (
        lambda d, t, s: s["Level"]["enum"].append("middle"), "200/level: the word `middle` is new in an answer"),
    "a word of an answer goes": (lambda d, t, s: s["Level"].update(enum=["low"]), "200/level: the word `high` is gone"),
    "any word may be told": (
        lambda d, t, s: s["Thing"]["properties"].update(level={"type": "string"}), "200/level: any word may be told now"),
    "a format of an answer changes": (
        lambda d, t, s: s["Thing"]["properties"]["when"].update(format="date-time"), "`date` is now `date-time`"),
    "an alternative of an answer is new": (
        lambda d, t, s: s["Thing"]["properties"].update(count={"oneOf": [{"type": "integer"}, {"type": "object"}]}),
        "200/count: object may be told now"),
}

HARMLESS = {
    "nothing": lambda d, t, s: None,
    "a new path": lambda d, t, s: d["paths"].update({"/more": {"get": {}}}),
    "a new method": lambda d, t, s: t.update(delete={}),
    "a new parameter": lambda d, t, s: t["get"]["parameters"].append({"in": "query", "name": "x", "schema": {}}),
    "a parameter no longer limited": lambda d, t, s: t["get"]["parameters"][2].update(schema={"type": "integer"}),
    "a wider type of a parameter": lambda d, t, s: t["get"]["parameters"][2]["schema"].update(type="number"),
    "a new error": lambda d, t, s: t["get"]["responses"].update({"429": {}}),
    "an error that goes": lambda d, t, s: t["get"]["responses"].pop("400"),
    "a new member of an answer": lambda d, t, s: s["Thing"]["properties"].update(x={"type": "string"}),
    "a member of an answer that is always there now": lambda d, t, s: s["Thing"]["required"].append("note"),
    "a member that is never null now": lambda d, t, s: s["Thing"]["properties"].update(note={"type": "string"}),
    "a narrower type of an answer": lambda d, t, s: s["Thing"]["properties"].update(note={"type": "null"}),
    "a new member of a request": lambda d, t, s: s["ThingInput"]["properties"].update(x={"type": "string"}),
    "a member no longer required": lambda d, t, s: s["ThingInput"].pop("required"),
    "a wider type of a request": lambda d, t, s: s["ThingInput"]["properties"]["id"].update(type=["string", "integer"]),
    "another name of a schema": lambda d, t, s: (
        s.update(Other=s["Level"]), s["Thing"]["properties"].update(level={"$ref": "#/components/schemas/Other"})),
    "a parameter that is referred to": lambda d, t, s: moved(d, t["get"]["parameters"], 1, "parameters"),
    "an answer that is referred to": lambda d, t, s: moved(d, t["get"]["responses"], "200", "responses"),
    "a header that is referred to": lambda d, t, s: moved(d, t["get"]["responses"]["200"]["headers"], "ETag", "headers"),
    "null written otherwise": lambda d, t, s: s["Thing"]["properties"].update(
        note={"oneOf": [{"type": "string"}, {"type": "null"}]}),
    "another description": lambda d, t, s: s["Thing"].update(description="x"),
    "a key that is no longer needed": lambda d, t, s: d.pop("security"),
}


class Rules(unittest.TestCase):
    def test_each_rule_catches_its_break(self):
        for name, (change, told) in BREAKS.items():
            with self.subTest(name):
                found = changed(change)
                self.assertTrue(any(told in line for line in found), found)

    def test_what_breaks_nobody_is_let_through(self):
        for name, change in HARMLESS.items():
            with self.subTest(name):
                self.assertEqual(changed(change), [])

    def test_a_break_of_one_kind_is_told_once_and_nothing_beside(self):
        found = changed(lambda d, t, s: s["Thing"]["properties"].pop("count"))
        self.assertEqual(found[0], "GET /things 200/count: the member is gone")
        self.assertTrue(all("count" in line for line in found), found)

    def call(self, old, new, accepted=None):
        with tempfile.TemporaryDirectory() as folder:
            paths = [Path(folder) / "old.json", Path(folder) / "new.json"]
            for path, document in zip(paths, (old, new)):
                path.write_text(json.dumps(document))
            if accepted is not None:
                paths.append(Path(folder) / "accepted.txt")
                paths[-1].write_text(accepted)
            done = subprocess.run([sys.executable, str(ROOT / ".ci" / "breaking"), *map(str, paths)], capture_output=True, text=True)
            return done.returncode, done.stdout

    def test_a_break_fails_the_call_unless_it_was_decided(self):
        new = copy.deepcopy(OLD)
        del new["paths"]["/things"]["post"]
        line = "POST /things: the method is gone"
        self.assertEqual(self.call(OLD, OLD)[0], 0)
        code, said = self.call(OLD, new)
        self.assertEqual(code, 1)
        self.assertIn(line, said)
        self.assertEqual(self.call(OLD, new, f"# decided\n{line} # nobody called it\n")[0], 0)
        code, said = self.call(OLD, OLD, line)
        self.assertEqual(code, 1)
        self.assertIn("does not occur", said)

    def test_the_document_itself_breaks_nothing_and_its_changes_are_seen(self):
        document = json.loads((ROOT / "openapi" / "openapi.json").read_text())
        self.assertEqual(breaking.compare(document, document), [])
        new = copy.deepcopy(document)
        del new["components"]["schemas"]["Unit"]["properties"]["level"]
        found = breaking.compare(document, new)
        self.assertIn("GET /api/v1/units/{id} 200/level: the member is gone", found)
        self.assertIn("GET /api/v1/units 200/items/*/level: the member is gone", found)
