"""`/static/…`: style, scripts and fonts under addresses that change with them, so that browsers keep them for ever."""

import gzip
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files
from importlib.resources.abc import Traversable

from fastapi import APIRouter, Request, Response

from chitieu.domain.errors import RESOURCE, not_found

_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".woff2": "font/woff2",
}
_FOR_EVER = "public, max-age=31536000, immutable"
# Asked for by a page of another release, while instances are being replaced.
_ONCE = "no-cache"


@dataclass(frozen=True, slots=True)
class Asset:
    media_type: str
    content: bytes
    packed: bytes


@dataclass(frozen=True, slots=True)
class Assets:
    """All files with one version: a style names fonts by where they lie beside it, so addresses change as one."""

    version: str
    files: Mapping[str, Asset]

    def address(self, path: str) -> str:
        """Raises KeyError for a file that is not there."""
        assert self.files[path]
        return f"/static/{self.version}/{path}"


@cache
def assets() -> Assets:
    found = dict(sorted(_found(files("services.api.web") / "static", "")))
    told = sha256()
    for path, asset in found.items():
        told.update(path.encode() + b"\0" + sha256(asset.content).digest())
    return Assets(told.hexdigest()[:12], found)


def _found(folder: Traversable, above: str) -> list[tuple[str, Asset]]:
    entries: list[tuple[str, Asset]] = []
    for entry in folder.iterdir():
        path = above + entry.name
        if entry.is_dir():
            entries += _found(entry, f"{path}/")
        elif (type_ := _TYPES.get("." + entry.name.rpartition(".")[2])) is not None:
            content = entry.read_bytes()
            entries.append((path, Asset(type_, content, gzip.compress(content, mtime=0))))
    return entries


def routes() -> APIRouter:
    router = APIRouter(include_in_schema=False)

    @router.get("/static/{version}/{path:path}")
    async def asset(request: Request, version: str, path: str) -> Response:
        every = assets()
        found = every.files.get(path)
        if found is None:
            raise not_found(RESOURCE, path[:100])
        headers = {
            "Cache-Control": _FOR_EVER if version == every.version else _ONCE,
            "X-Content-Type-Options": "nosniff",
            "Vary": "Accept-Encoding",
        }
        if "gzip" in request.headers.get("accept-encoding", "") and len(found.packed) < len(found.content):
            return Response(found.packed, 200, {**headers, "Content-Encoding": "gzip"}, found.media_type)
        return Response(found.content, 200, headers, found.media_type)

    return router
