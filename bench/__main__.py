"""`python -m bench`: measure what the project holds itself to, and print it beside the limit and a naive peer."""

import argparse
import asyncio
import json
import signal
import sys
import time
import traceback
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench import answers, embedded, freshness, growth, ingest, live, machine, page, results, stack, throughput, workers
from bench.figures import Figure, as_json, table
from bench.process import quiet
from bench.sizes import QUICK, Sizes
from bench.stack import Stack

Measure = Callable[[Stack, Sizes], Awaitable[list[Figure]]]
Found = dict[str, list[Figure]]  # by a section's title
Failed = dict[str, str]  # why, by a section's name

# By name: the title of its section, and what measures it. In this order they are run and shown.
SECTIONS: dict[str, tuple[str, Measure]] = {
    "throughput": ("Throughput, from a full log", throughput.measure),
    "peer": ("A naive Faust peer", throughput.measure_peer),
    "freshness": ("Freshness, from acknowledged to visible", freshness.measure),
    "growth": ("Growth: cost, memory, start", growth.measure),
    "workers": ("Two workers", workers.measure),
    "embedded": ("The embedded process", embedded.measure),
    "ingest": ("Ingest: one process on one core", ingest.measure),
    "answers": ("Answers: one api process", answers.measure),
    "page": ("Pages: what people wait for", page.measure),
    "live": ("Live: who follows changes", live.measure),
}

# What a quick run leaves out unless it is named: each takes a minute however small its loads are.
SLOW = {"growth", "workers"}


async def measured(names: Sequence[str], sizes: Sizes) -> tuple[Found, Failed]:
    """Each section's figures, by title, on one fresh stack. One that fails costs the others nothing."""
    found: Found = {}
    failed: Failed = {}
    async with stack.running(_say) as fresh:
        for name in names:
            title, measure = SECTIONS[name]
            began = time.monotonic()
            try:
                found[title] = await measure(fresh, sizes)
            except Exception:
                failed[name] = traceback.format_exc()
                _say(f"{name} failed: {failed[name]}")
            else:
                _say(f"{name}: {time.monotonic() - began:.0f} s\n{table({title: found[title]})}")
    return found, failed


def main() -> None:
    arguments = _arguments()
    quiet()
    sizes = QUICK if arguments.quick else Sizes()
    if arguments.runs is not None:
        sizes = replace(sizes, runs=arguments.runs)
    if arguments.minutes is not None:
        sizes = replace(sizes, steady_seconds=60 * arguments.minutes, steady_rates=(max(sizes.steady_rates),))
    wanted = arguments.only or [name for name in SECTIONS if not (arguments.quick and name in SLOW)]
    names = [name for name in SECTIONS if name in wanted]
    found, failed = asyncio.run(_until_told(measured(names, sizes)))
    described = machine.describe(datetime.now(UTC))
    print(results.page(described, table(found)))
    if arguments.json is not None:
        body = {"machine": described, "quick": arguments.quick, "figures": as_json(found)}
        arguments.json.write_text(json.dumps(body, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    if arguments.record:
        results.record("figures", described, table(found))
    if failed:
        sys.exit(f"not measured: {', '.join(failed)}")


async def _until_told(measuring: Coroutine[Any, Any, tuple[Found, Failed]]) -> tuple[Found, Failed]:
    """SIGTERM ends the bench as Ctrl-C does: with everything stopped and cleaned up."""
    task = asyncio.ensure_future(measuring)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    try:
        return await task
    except asyncio.CancelledError:
        raise SystemExit("ended before it was done") from None


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=list(SECTIONS), help="only these sections")
    parser.add_argument("--runs", type=_positive, help=f"runs of each measurement (default {Sizes().runs})")
    parser.add_argument("--quick", action="store_true", help="small loads, one run, nothing slow: a minute")
    parser.add_argument("--minutes", type=_positive, help="length of the fastest steady load, alone")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the result there, too")
    parser.add_argument("--record", action="store_true", help="put the result into bench/README.md")
    return parser.parse_args()


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return value


def _say(what: str) -> None:
    print(what, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
