"""The OpenAPI document of the interface for programs."""

from typing import Any

from badgateway import __version__
from badgateway.model.hop import Hop, Side
from badgateway.model.verdict import SCHEMA, Outcome, Risk, Who
from badgateway.web.asked import MOST_FILES
from badgateway.web.runs import State

_TEXT = {"type": "string"}
_NUMBER = {"type": "number"}
_ID = {"name": "id", "in": "path", "required": True, "schema": _TEXT}


def document() -> dict[str, Any]:
    """The whole document, OpenAPI 3.1."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "badgateway",
            "version": __version__,
            "description": "Which hop of a web site broke behind a 502, 503, 504 or 52x page, why, "
            "and what each person does now.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/api/v1"}],
        "security": [{}, {"key": []}],
        "paths": {
            "/check": {"post": _asks("Check a page", _body({"url": _TEXT}, "url"))},
            "/explain": {"post": _asks("Explain what is on paper", _body(_PAPER))},
            "/checks/{id}": {
                "get": {
                    "summary": "Where a check stands",
                    "parameters": [_ID],
                    "responses": {"200": _json("Standing", "it stands so"), "404": _ERROR},
                }
            },
            "/checks/{id}/events": {
                "get": {
                    "summary": "The same whenever it changes, as server-sent events",
                    "description": "Each event is a Standing with `said` and `hops`; the last one "
                    "holds the verdict.",
                    "parameters": [_ID],
                    "responses": {
                        "200": {
                            "description": "events until it is over",
                            "content": {"text/event-stream": {"schema": _TEXT}},
                        },
                        "404": _ERROR,
                    },
                }
            },
            "/openapi.json": {
                "get": {
                    "summary": "This document",
                    "responses": {"200": {"description": "the document"}},
                }
            },
        },
        "components": {
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
            "schemas": _schemas(),
        },
    }


_WAIT = {
    "type": "boolean",
    "default": True,
    "description": "false: answer at once with where to look",
}
_PAPER = {
    "text": _TEXT,
    "materials": {
        "type": "array",
        "maxItems": MOST_FILES,
        "items": {
            "type": "object",
            "required": ["text"],
            "properties": {"name": _TEXT, "text": _TEXT},
        },
    },
}
_ERROR = {
    "description": "not granted, and why",
    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
}


def _body(properties: dict[str, Any], *required: str) -> dict[str, Any]:
    schema = {
        "type": "object",
        "required": list(required),
        "properties": {**properties, "wait": _WAIT},
    }
    return {"required": True, "content": {"application/json": {"schema": schema}}}


def _json(name: str, description: str) -> dict[str, Any]:
    schema = {"$ref": f"#/components/schemas/{name}"}
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def _asks(summary: str, body: dict[str, Any]) -> dict[str, Any]:
    answers = {
        "200": _json("Verdict", "the verdict"),
        "202": _json("Standing", "under way (`wait` was false)"),
    }
    refused = ("400", "401", "403", "413", "415", "429", "500", "503")
    return {
        "summary": summary,
        "requestBody": body,
        "responses": {**answers, **dict.fromkeys(refused, _ERROR)},
    }


def _words(kind: type[Any], *, none: bool = False) -> dict[str, Any]:
    values = [member.value for member in kind]
    return {"enum": [*values, None] if none else values}


def _object(properties: dict[str, Any], *optional: str) -> dict[str, Any]:
    required = [name for name in properties if name not in optional]
    return {"type": "object", "required": required, "properties": properties}


def _list(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


def _or_none(schema: dict[str, Any]) -> dict[str, Any]:
    return {"type": [schema["type"], "null"]}


def _schemas() -> dict[str, Any]:
    texts = _list(_TEXT)
    step = {"id": _TEXT, "who": _words(Who), "text": _TEXT, "risk": _words(Risk)}
    return {
        "Error": _object({"error": _object({"code": _TEXT, "message": _TEXT})}),
        "Standing": _object(
            {
                "id": _TEXT,
                "state": _words(State),
                "place": {"type": "integer", "description": "how many come first, from 1"},
                "problem": _or_none(_TEXT),
                "verdict": {"oneOf": [{"$ref": "#/components/schemas/Verdict"}, {"type": "null"}]},
                "links": {"type": "object"},
            }
        ),
        "Verdict": _object(
            {
                "schema": {"const": SCHEMA},
                "subject": _TEXT,
                "outcome": _words(Outcome),
                "status": {"type": ["integer", "null"]},
                "variant": _or_none(_TEXT),
                "emitter": {"type": ["object", "null"]},
                "side": _words(Side, none=True),
                "hop": _words(Hop, none=True),
                "determined": {"type": "boolean"},
                "causes": _list(
                    _object(
                        {
                            "cause": _TEXT,
                            "hop": _words(Hop),
                            "probability": _NUMBER,
                            "because": texts,
                            "against": texts,
                        }
                    )
                ),
                "observations": _list(
                    _object(
                        {
                            "id": _TEXT,
                            "hop": _words(Hop),
                            "name": _TEXT,
                            "value": {"type": "object"},
                            "source": _TEXT,
                            "at": _or_none(_TEXT),
                        }
                    )
                ),
                "next": _list(_object({"test": _TEXT, "who": _words(Who), "why": _TEXT})),
                "steps": _list(
                    _object({**step, "command": _or_none(_TEXT), "verify": _or_none(_TEXT)})
                ),
                "elapsed_s": _NUMBER,
                "complete": {"type": "boolean"},
            }
        ),
    }
