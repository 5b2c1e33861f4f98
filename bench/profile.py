"""Where the fold's time goes: `python -m bench.profile [--messages N] [--native]`.

The fold runs on a full log as in the bench, under py-spy, which looks into it from outside some hundred times a second.
Printed are the functions that were at work themselves most often while they held Python's lock, and those of ours and
of the Kafka client that were anywhere on the stack.
"""

import argparse
import asyncio
import re
import sys
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from bench import load, machine, results, stack
from bench.folding import Task, fold
from bench.process import Channel, quiet
from bench.throughput import filled

_MESSAGES, _RATE, _SHOWN = 250_000, 200, 25
_PATIENCE_SECONDS = 300
_STARTING = "<frozen importlib"  # a process's first seconds
_OURS = re.compile(r"\((services|chitieu|aiokafka)/")  # beneath these are event loops and threads, above them libraries


@dataclass
class Profile:
    """How often each function was seen: itself at work, and anywhere on a stack."""

    samples: int = 0
    own: Counter[str] = field(default_factory=Counter)
    anywhere: Counter[str] = field(default_factory=Counter)

    def add(self, line: str) -> None:
        """One line of py-spy's raw format: frames from the outermost in, separated by semicolons, and a count."""
        frames, _, count = line.rpartition(" ")
        names = frames.split(";")
        if any(_STARTING in name for name in names):
            return
        self.samples += int(count)
        self.own[names[-1]] += int(count)
        self.anywhere.update(dict.fromkeys((name for name in names if _OURS.search(name)), int(count)))

    def __str__(self) -> str:
        return "\n".join([*self._shown("itself at work", self.own), "", *self._shown("on the stack", self.anywhere)])

    def _shown(self, title: str, counts: Counter[str]) -> list[str]:
        lines = [f"{100 * count / self.samples:5.1f} %  {name}" for name, count in counts.most_common(_SHOWN)]
        return [f"{title} ({self.samples:,} samples)", *lines]


class _Told(Channel):
    """In the place of a parent: fold so many messages, then end."""

    def __init__(self, messages: int) -> None:
        self._orders: list[int | None] = [messages, None]

    def say(self, what: object) -> None:
        """Nobody listens."""

    async def hear(self) -> int | None:
        return self._orders.pop(0)


async def profile(messages: int, native: bool) -> Profile:
    async with stack.running(lambda said: print(said, file=sys.stderr)) as fresh, fresh.place() as place:
        full = await filled(fresh, load.Shape(), messages)
        raw = place / "profile.txt"
        spy = ["record", "--format", "raw", "--output", str(raw), "--rate", str(_RATE), "--gil", "--function"]
        # py-spy starts the process itself: a system may forbid looking into one that is not a child.
        command = [*spy, *(["--native"] if native else []), "--", sys.executable, "-m", "bench.profile"]
        target = ["--fold", fresh.bootstrap, str(full.generation), str(place), str(messages)]
        spying = await asyncio.create_subprocess_exec(
            str(Path(sys.executable).with_name("py-spy")), *command, *target, stdout=asyncio.subprocess.DEVNULL
        )
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                await spying.wait()
        finally:
            if spying.returncode is None:
                spying.terminate()
        found = Profile()
        for line in raw.read_text(encoding="utf-8").splitlines():
            found.add(line)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m bench.profile", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--messages", type=int, default=_MESSAGES)
    parser.add_argument("--native", action="store_true", help="also functions of compiled modules (slower)")
    parser.add_argument("--record", action="store_true", help="put the result into bench/README.md")
    parser.add_argument("--fold", nargs=4, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    quiet()
    if arguments.fold:
        bootstrap, generation, directory, messages = arguments.fold
        asyncio.run(fold(_Told(int(messages)), Task(bootstrap, int(generation), Path(directory))))
    else:
        found = f"```\n{asyncio.run(profile(arguments.messages, arguments.native))}\n```"
        print(found)
        if arguments.record:
            results.record("profile", machine.describe(datetime.now(UTC)), found)


if __name__ == "__main__":
    main()
