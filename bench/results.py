"""Where the last results stand: between two marks of README.md, with the machine they were made on."""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

README = Path(__file__).with_name("README.md")

Place = Literal["figures", "profile"]


def page(described: Mapping[str, str], shown: str) -> str:
    """The machine, then what was measured on it."""
    return "\n".join([*(f"* {name}: {value}" for name, value in described.items()), "", shown])


def record(place: Place, described: Mapping[str, str], shown: str, readme: Path = README) -> None:
    """Put results in the place of the ones before; ValueError if the marks are gone."""
    text = readme.read_text(encoding="utf-8")
    first, last = f"<!-- last {place}: written by --record -->", f"<!-- end of {place} -->"
    before, begin, rest = text.partition(first)
    _, end, after = rest.partition(last)
    if not begin or not end:
        raise ValueError(f"{readme} has no place for {place}")
    readme.write_text(f"{before}{begin}\n\n{page(described, shown)}\n\n{end}{after}", encoding="utf-8")
