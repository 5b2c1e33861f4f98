"""What every answer under /api has in common: DHIS2's addresses, and its shape of an error."""

import re
from collections.abc import Mapping

from fastapi.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from chitieu.contracts.dhis2 import WebMessage
from chitieu.domain.errors import ChitieuError

ROOT = "/api/"
_ADDRESS = re.compile(r"/api(?:/[0-9]{2})?/([A-Za-z/]+?)(?:\.json)?")


class WebMessageResponse(JSONResponse):
    """An error as DHIS2 says it. 401 asks for a password: some of its clients send none until they are asked."""

    def __init__(self, error: ChitieuError, headers: Mapping[str, str]) -> None:
        message = WebMessage.of(error)
        headers = {**headers, "WWW-Authenticate": 'Basic realm="chitieu"'} if message.httpStatusCode == 401 else headers
        super().__init__(message.model_dump(mode="json", exclude_none=True), message.httpStatusCode, headers)


class PlainAddresses:
    """ASGI middleware: `/api/33/analytics.json`, with a version of DHIS2's API and a format, is `/api/analytics`."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith(ROOT):
            named = _ADDRESS.fullmatch(scope["path"])
            if named is not None:
                scope = {**scope, "path": ROOT + named[1], "raw_path": (ROOT + named[1]).encode()}
        await self._app(scope, receive, send)
