"""The interface's description, as the services really answer and really check keys."""

from collections.abc import Callable
from typing import Any

from fastapi import Depends, FastAPI
from fastapi.security import APIKeyHeader, HTTPBearer
from fastapi.security.http import HTTPBase

from chitieu.contracts.problems import MEDIA_TYPE

# Keys are checked by `chitieu.adapters.http.authenticate`; as dependencies of a router, these only say where they go.
KEYS = (
    Depends(HTTPBearer(auto_error=False, description="an access key, `ck_….…`")),
    Depends(APIKeyHeader(name="X-API-Key", auto_error=False)),
    Depends(
        HTTPBase(scheme="basic", scheme_name="HTTPBasic", auto_error=False, description="any user, the key as password")
    ),
)

# Whoever hears one of these may send the same again, and is told when.
_LATER = frozenset({"429", "503"})
_RETRY_AFTER = {
    "Retry-After": {"description": "in how many seconds", "required": True, "schema": {"type": "integer", "minimum": 1}}
}
_METHODS = ("get", "put", "post", "delete", "patch")
_FRAMEWORK_ERRORS = ("HTTPValidationError", "ValidationError")


def truthful(app: FastAPI) -> Callable[[], dict[str, Any]]:
    """What FastAPI derives, less what it assumes: our problems are no JSON of its own kind, and never its 422."""
    derive = app.openapi

    def described() -> dict[str, Any]:
        document = derive()
        for path in document["paths"].values():
            for method in _METHODS:
                _correct(path.get(method, {}).get("responses", {}))
        for name in _FRAMEWORK_ERRORS:
            document.get("components", {}).get("schemas", {}).pop(name, None)
        return document

    return described


def _correct(responses: dict[str, Any]) -> None:
    for status in _LATER & responses.keys():
        responses[status]["headers"] = _RETRY_AFTER
    for status in list(responses):
        content = responses[status].get("content", {})
        if MEDIA_TYPE in content:
            content.pop("application/json", None)
        elif status == "422":
            del responses[status]
