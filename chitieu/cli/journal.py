"""What became of a file's batches, beside the file: a push that was interrupted goes on where it was."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from pydantic import ValidationError

from chitieu.client.answers import LineResult

# What a later run needs of a result: to tell it again, and to ask for its outcome.
_KEPT = {"line", "status", "problem", "submission", "partition", "position"}


class Journal:
    """One line a batch, written when all of its results are known. `push` says which push it is of: another one's
    is begun anew. Only the last line can be half written; it counts as not written.
    """

    def __init__(self, path: Path, push: Mapping[str, str]) -> None:
        self._path = path
        self._head = json.dumps(push, sort_keys=True) + "\n"
        self.known: dict[int, list[LineResult]] = {}
        self._file: IO[str] | None = None

    def open(self) -> None:
        """Read what is known and make ready to write more. Raises OSError if it can't be kept there."""
        kept = self._read()
        self._file = self._path.open("r+" if kept else "w", encoding="utf-8", newline="")
        self._file.truncate(kept)
        self._file.seek(kept)
        if not kept:
            self._file.write(self._head)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        assert self._file is not None
        self._file.close()

    def write(self, first: int, results: Sequence[LineResult]) -> None:
        """The results of the batch that begins with line `first`."""
        assert self._file is not None
        told = [one.model_dump(mode="json", include=_KEPT, exclude_none=True) for one in results]
        self._file.write(json.dumps({"first": first, "results": told}, ensure_ascii=False) + "\n")
        self._file.flush()

    def _read(self) -> int:
        """Bytes of it that hold; 0 if it is of another push or there is none."""
        try:
            head, *lines = self._path.read_bytes().splitlines(keepends=True)
        except (FileNotFoundError, ValueError):
            return 0
        if head != self._head.encode():
            return 0
        kept = len(head)
        for line in lines:
            if not line.endswith(b"\n"):
                break
            try:
                said = json.loads(line)
                self.known[said["first"]] = [LineResult.model_validate(one) for one in said["results"]]
            except (ValueError, ValidationError, KeyError, TypeError):
                break
            kept += len(line)
        return kept
