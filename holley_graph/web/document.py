"""`/docs`: the OpenAPI document as a page, for people; it loads nothing from elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.responses import HTMLResponse, Response

from holley_graph.page.page import render, style
from holley_graph.web.response import HEADERS, html


def router(app: FastAPI) -> APIRouter:
    """Return the route; it needs no token, as the document itself does not."""
    routes = APIRouter(include_in_schema=False)

    @routes.get("/docs")
    async def docs() -> HTMLResponse:
        document = app.openapi()
        return html(render("web/templates/docs.html", version=app.version, routes=list(_routes(document))))

    @routes.get("/style.css")
    async def sheet() -> Response:
        return Response(style(), media_type="text/css", headers=HEADERS)

    return routes


def _routes(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for path, methods in document["paths"].items():
        route = methods["get"]
        answer = route["responses"]["200"]["content"]
        schema = next(iter(answer.values())).get("schema", {})
        yield {
            "path": path,
            "summary": route["summary"],
            "token": bool(route.get("security")),
            "parameters": [_parameter(one) for one in route.get("parameters", [])],
            "answer": {
                name: spoken(kind) for name, kind in _resolved(schema, document).get("properties", {}).items()
            },
            "row": _row(schema, document),
            "statuses": {code: response["description"] for code, response in route["responses"].items()},
        }


def _parameter(declared: dict[str, Any]) -> dict[str, Any]:
    schema = declared["schema"]
    default = "needed" if declared["required"] else schema.get("default", "none")
    meaning = declared.get("description", "")
    return {"name": declared["name"], "kind": spoken(schema), "default": default, "meaning": meaning}


def _row(schema: dict[str, Any], document: dict[str, Any]) -> dict[str, str]:
    """Return the columns of an answer's rows with their types."""
    rows = _resolved(schema, document).get("properties", {}).get("rows", {})
    columns = _resolved(rows.get("items", {}), document).get("properties", {})
    return {name: spoken(column) for name, column in columns.items()}


def _resolved(schema: dict[str, Any], document: dict[str, Any]) -> dict[str, Any]:
    named: dict[str, Any] = document["components"]["schemas"].get(schema.get("$ref", "").rpartition("/")[2], schema)
    return named


def spoken(schema: dict[str, Any]) -> str:
    """Write a type: `string or null`, `list of same type`."""
    if "anyOf" in schema:
        return " or ".join(spoken(option) for option in schema["anyOf"])
    if "$ref" in schema:
        return str(schema["$ref"].rpartition("/")[2])
    kind = str(schema.get("type", "anything"))
    return f"list of {spoken(schema['items'])}" if kind == "array" else kind
