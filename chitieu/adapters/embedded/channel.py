"""A way for other commands to ask something of the process that runs the stack: a Unix socket in its data directory.

Who may use the directory may ask; nobody else can connect. One JSON object a line: the request, then any number of
`{"say": …}`, then `{"exit": code}` or `{"error": sentence}`. Who asks and goes away ends what was asked for.
"""

import asyncio
import json
import socket
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from chitieu.adapters.log import logger

log = logger(__name__)

Say = Callable[[str], None]
Request = Mapping[str, Any]
# Does what is asked, says how far it is, and returns an exit code; an error's sentence goes to whoever asked.
Answer = Callable[[Request, Say], Awaitable[int]]


class NobodyThere(Exception):
    """Nothing listens on the socket, or it went away before it had answered."""


class Failed(Exception):
    """What was asked for could not be done; the sentence says why."""


@asynccontextmanager
async def listening(path: Path, answer: Answer) -> AsyncIterator[None]:
    """Answer requests on a socket at `path`, until left; what is under way then is cancelled."""
    busy: set[asyncio.Future[None]] = set()
    leaving = asyncio.Event()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        busy.add(done)
        try:
            await _converse(reader, writer, answer, leaving)
        except (ConnectionError, ValueError):
            # Whoever it was, it is gone, or did not ask for anything.
            log.warning("a maintenance command went away", exc_info=True)
        finally:
            writer.close()
            busy.discard(done)
            done.set_result(None)

    server = await asyncio.start_unix_server(connected, sock=_bound(path))
    try:
        yield
    finally:
        server.close()
        leaving.set()
        await asyncio.gather(*busy)
        await asyncio.to_thread(path.unlink, missing_ok=True)


def _bound(path: Path) -> socket.socket:
    """A socket that is not listening yet, in place of one that a killed process may have left."""
    path.unlink(missing_ok=True)
    bound = socket.socket(socket.AF_UNIX)
    with _short(path) as short:
        bound.bind(str(short))
    path.chmod(0o600)
    return bound


async def _converse(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answer: Answer, leaving: asyncio.Event
) -> None:
    def write(body: Mapping[str, Any]) -> None:
        writer.write(json.dumps(body, ensure_ascii=False).encode() + b"\n")

    request = json.loads(await reader.readline())
    work = asyncio.ensure_future(answer(request, lambda sentence: write({"say": sentence})))
    ends = [asyncio.ensure_future(reader.read()), asyncio.ensure_future(leaving.wait())]
    await asyncio.wait((work, *ends), return_when=asyncio.FIRST_COMPLETED)
    work.cancel()
    outcome = (await asyncio.gather(work, return_exceptions=True))[0]
    for end in ends:
        end.cancel()
    if isinstance(outcome, int):
        write({"exit": outcome})
    elif isinstance(outcome, asyncio.CancelledError):
        write({"error": "the stack stopped before it was done"})
    else:
        log.warning("maintenance was not done", exc_info=outcome)
        write({"error": str(outcome) or repr(outcome)})
    await writer.drain()


def ask(path: Path, request: Request, say: Say) -> int:
    """Ask, pass on what is said, and return the exit code. Raises NobodyThere and Failed. Blocking."""
    with socket.socket(socket.AF_UNIX) as connection:
        try:
            with _short(path) as short:
                connection.connect(str(short))
        except OSError as error:
            raise NobodyThere(f"{path}: {error.strerror}") from error
        connection.sendall(json.dumps(dict(request)).encode() + b"\n")
        with connection.makefile("r", encoding="utf-8") as lines:
            for line in lines:
                body = json.loads(line)
                if "say" in body:
                    say(body["say"])
                elif "error" in body:
                    raise Failed(body["error"])
                else:
                    return int(body["exit"])
    raise NobodyThere("the stack stopped before it had answered")


@contextmanager
def _short(path: Path) -> Iterator[Path]:
    """A short way to the same place: the kernel takes no more than about 100 bytes for a socket's path."""
    with tempfile.TemporaryDirectory(prefix="chitieu-") as directory:
        link = Path(directory) / "run"
        link.symlink_to(path.parent)
        yield link / path.name
