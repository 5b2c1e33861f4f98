"""`/docs`: the interface as pages to read and try, self-hosted; the description itself is `/openapi.json`."""

from importlib.resources import files

from fastapi import APIRouter, Response

from chitieu.domain.errors import RESOURCE, not_found

_ASSETS = {
    "swagger-ui.css": "text/css; charset=utf-8",
    "swagger-ui-bundle.js": "text/javascript; charset=utf-8",
    "start.js": "text/javascript; charset=utf-8",
    "favicon-32x32.png": "image/png",
    "LICENSE": "text/plain; charset=utf-8",
    "NOTICE": "text/plain; charset=utf-8",
}
# Swagger UI writes style attributes and draws its icons from data: addresses.
_POLICY = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'"


def routes() -> APIRouter:
    router = APIRouter(include_in_schema=False)
    folder = files("chitieu.adapters.docs_pages") / "swagger"

    @router.get("/docs")
    def page() -> Response:
        html = (folder / "index.html").read_bytes()
        return Response(html, media_type="text/html; charset=utf-8", headers={"Content-Security-Policy": _POLICY})

    @router.get("/docs/{name}")
    def asset(name: str) -> Response:
        if name not in _ASSETS:
            raise not_found(RESOURCE, name[:100])
        headers = {"Cache-Control": "public, max-age=86400"}
        return Response((folder / name).read_bytes(), media_type=_ASSETS[name], headers=headers)

    return router
