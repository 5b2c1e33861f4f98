"""The broker's server.properties: the constant part beside this file, and this start's ports."""

import re
import socket
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

HOST = "127.0.0.1"
_CONSTANT = Path(__file__).with_name("server.properties")
_ANY = 0


@dataclass(frozen=True)
class Ports:
    broker: int
    controller: int


def choose_ports(server_properties: Path) -> Ports:
    """Two free ports on HOST: those of the last start if they are still free, so that clients find it again."""
    before = _ports_of(server_properties)
    with ExitStack() as held:  # both at once, or the same one might be chosen twice
        return Ports(_hold(held, before.broker), _hold(held, before.controller))


def write_server_properties(target: Path, ports: Ports) -> None:
    listener = f"BROKER://{HOST}:{ports.broker}"
    values = {
        "listeners": f"{listener},CONTROLLER://{HOST}:{ports.controller}",
        "advertised.listeners": listener,
        "controller.quorum.voters": f"1@{HOST}:{ports.controller}",
    }
    lines = [f"{name}={value}" for name, value in values.items()]
    target.write_text("\n".join([_CONSTANT.read_text(encoding="ascii"), *lines, ""]), encoding="ascii")


def _ports_of(server_properties: Path) -> Ports:
    if server_properties.is_file():
        text = server_properties.read_text(encoding="ascii")
        if found := re.search(r"^listeners=BROKER://[^:]+:(\d+),CONTROLLER://[^:]+:(\d+)$", text, re.MULTILINE):
            return Ports(int(found[1]), int(found[2]))
    return Ports(_ANY, _ANY)


def _hold(held: ExitStack, wanted: int) -> int:
    for port in (wanted, _ANY):
        candidate = held.enter_context(socket.socket())
        # As Java does: connections of the last broker still in TIME_WAIT are no obstacle.
        candidate.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            candidate.bind((HOST, port))
            candidate.listen()
        except OSError:
            continue
        return int(candidate.getsockname()[1])
    raise OSError(f"no free port on {HOST}")
