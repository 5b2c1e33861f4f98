"""Where the last results stand: between two marks of README.md, with the machine they were made on."""

from collections.abc import Mapping
from pathlib import Path

README = Path(__file__).with_name("README.md")
_BEGIN, _END = "<!-- results: made by python -m bench --record -->", "<!-- end of results -->"


def page(described: Mapping[str, str], shown: str) -> str:
    """The machine, then the tables."""
    return "\n".join([*(f"* {name}: {value}" for name, value in described.items()), "", shown])


def record(described: Mapping[str, str], shown: str, readme: Path = README) -> None:
    """Put results in the place of the ones before; ValueError if the marks are gone."""
    text = readme.read_text(encoding="utf-8")
    before, begin, rest = text.partition(_BEGIN)
    _, end, after = rest.partition(_END)
    if not begin or not end:
        raise ValueError(f"{readme} has no place for results")
    readme.write_text(f"{before}{begin}\n\n{page(described, shown)}\n\n{end}{after}", encoding="utf-8")
