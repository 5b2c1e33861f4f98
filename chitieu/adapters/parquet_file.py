"""Tables as Parquet files. Apart from the others: Arrow takes 35 MB, and most processes never write one."""

import io
from collections.abc import Iterable, Iterator, Mapping, Sequence

import pyarrow as pa
import pyarrow.parquet as pq

from chitieu.adapters.table_files import DECIMAL_PLACES, Column, Hidden, Kind, Row

# Parquet reads well by groups of some thousand rows.
_ROWS_AT_ONCE = 5_000


class ParquetFile:
    """Columns by their keys, typed; `<key>_suppressed` beside one whose numbers may not be shown to everybody."""

    def __init__(self, columns: Sequence[Column], remarks: Mapping[str, str]) -> None:
        self._columns = columns
        schema = pa.schema([field for column in columns for field in _fields(column)], metadata=dict(remarks))
        self._sink = _Sink()
        self._writer = pq.ParquetWriter(self._sink, schema, compression="zstd")
        self._schema = schema
        self._waiting: list[Row] = []

    def write(self, rows: Iterable[Row]) -> Iterator[bytes]:
        self._waiting.extend(rows)
        if len(self._waiting) >= _ROWS_AT_ONCE:
            self._flush()
        yield self._sink.taken()

    def close(self) -> Iterator[bytes]:
        self._flush()
        self._writer.close()
        yield self._sink.taken()

    def discard(self) -> None:
        self._waiting.clear()

    def _flush(self) -> None:
        arrays = []
        for at, column in enumerate(self._columns):
            values = [row[at] for row in self._waiting]
            hidden = [isinstance(value, Hidden) for value in values]
            shown = [None if gone else value for value, gone in zip(values, hidden, strict=True)]
            arrays.append(pa.array(shown, _ARROW[column.kind]))
            if column.hidable:
                arrays.append(pa.array(hidden, pa.bool_()))
        self._writer.write_table(pa.Table.from_arrays(arrays, schema=self._schema))
        self._waiting.clear()


class _Sink(io.RawIOBase):
    """What is written, until it is taken."""

    def __init__(self) -> None:
        self._chunks: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        self._chunks.append(bytes(memoryview(data)))  # type: ignore[arg-type]
        return len(self._chunks[-1])

    def taken(self) -> bytes:
        chunks, self._chunks = self._chunks, []
        return b"".join(chunks)


_ARROW: Mapping[Kind, pa.DataType] = {
    Kind.TEXT: pa.string(),
    Kind.EXACT: pa.string(),
    Kind.INTEGER: pa.int64(),
    Kind.DECIMAL: pa.decimal128(38, DECIMAL_PLACES),
    Kind.BOOLEAN: pa.bool_(),
    Kind.DATE: pa.date32(),
}


def _fields(column: Column) -> Iterator[pa.Field]:
    yield pa.field(column.key, _ARROW[column.kind])
    if column.hidable:
        yield pa.field(f"{column.key}_suppressed", pa.bool_(), nullable=False)
