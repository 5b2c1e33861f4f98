"""The proof, at any time and beside the running system: cells = fold of submissions = fold of the log.

Cells and the progress they stand at come in one SELECT, a form and period at a time; what lies below that progress was
written before and never changes, so nothing has to stop. Memory is bounded by the largest form and period, and by a
stretch of the log.
"""

import random
from collections.abc import AsyncGenerator, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from clickhouse_connect.driver.client import Client

from chitieu.adapters.clickhouse.store import Store, database_name
from chitieu.adapters.registry import RegistryReader
from services.aggregate import log, maintenance_queries, proof, queries
from services.aggregate.intake import Read, check
from services.aggregate.maintenance_queries import Group
from services.aggregate.proof import Difference, WrongCell
from services.aggregate.settings import AggregateSettings

Say = Callable[[str], None]

# Each stretch costs one pass over two columns of all submissions.
STRETCH = 50_000


@dataclass(frozen=True, slots=True)
class Extent:
    """How much to hold against each other: `sample` groups (form, period) chosen by `seed`, or (None) all."""

    sample: int | None = None
    seed: int = 0
    repair: bool = False


@dataclass(slots=True)
class Account:
    """What was compared, and what came of it. `mended` cells were wrong and are not any more."""

    groups: int = 0
    cells: int = 0
    submissions: int = 0
    messages: int = 0
    differences: int = 0
    mended: int = 0

    @property
    def clean(self) -> bool:
        return self.differences == self.mended

    def __str__(self) -> str:
        compared = (
            f"{self.cells} cells and {self.submissions} submissions of {self.groups} groups (form, period), "
            f"{self.messages} messages of the log"
        )
        if not self.differences:
            return f"all equal: {compared}"
        mended = f", {self.mended} of them mended" if self.mended else ""
        return f"differences: {self.differences}{mended}; compared: {compared}"


async def reconcile(settings: AggregateSettings, programmes: RegistryReader, extent: Extent, say: Say) -> Account:
    """Compare everything, or a sample; every difference is said as it is found.

    With `extent.repair` (the fold must not run then), cells are mended from the submissions. Wrong submissions cannot
    be: they need a rebuild.
    """
    database = database_name(settings.generation, programmes.edition(settings.generation))
    store = Store(settings.clickhouse_dsn, database, threads=2)
    try:
        return await _Reconciliation(settings, programmes, store, extent, say).run()
    finally:
        await store.close()


class _Reconciliation:
    """One run."""

    def __init__(
        self, settings: AggregateSettings, programmes: RegistryReader, store: Store, extent: Extent, say: Say
    ) -> None:
        self._settings = settings
        self._programmes = programmes
        self._store = store
        self._extent = extent
        self._say = say
        self.account = Account()

    async def run(self) -> Account:
        groups = await self._store.run(maintenance_queries.read_groups)
        chosen: Sequence[Group] | None = None
        if self._extent.sample is not None and self._extent.sample < len(groups):
            groups = chosen = sorted(random.Random(self._extent.seed).sample(groups, self._extent.sample))  # noqa: S311
            self._say(f"{len(groups)} groups (form, period), chosen by --seed {self._extent.seed}")
        for group in groups:
            await self._compare_group(group)
        await self._compare_log(chosen)
        return self.account

    # Cells and decisions

    async def _compare_group(self, group: Group) -> None:
        found = await self._store.run(lambda client: _differences(client, group, self.account))
        self._tell(found)
        wrong = [one.cell for one in found if one.cell is not None]
        if wrong and self._extent.repair:
            await self._mend(group, wrong)

    async def _mend(self, group: Group, wrong: Sequence[WrongCell]) -> None:
        def mend(client: Client) -> list[Difference]:
            snapshot = maintenance_queries.read_snapshot(client, group)
            maintenance_queries.mend_cells(client, group, wrong, snapshot)
            return [one for one in _differences(client, group, Account()) if one.cell is not None]

        left = await self._store.run(mend)
        self.account.mended += len(wrong) - len(left)
        self._say(f"{len(wrong) - len(left)} cells of {' '.join(group)} mended from their submissions")

    # Rows and the log

    async def _compare_log(self, chosen: Collection[Group] | None) -> None:
        bootstrap, generation = self._settings.kafka_bootstrap, self._settings.generation
        stored = await self._store.run(queries.read_progress)
        progress = {partition: one.version for partition, one in stored.items()}
        reach = await self._store.run(maintenance_queries.read_reach)
        letters = await log.dead_letters(bootstrap, generation)
        async with log.opened(bootstrap, generation) as history:
            ends = await history.ends()
            self._tell(_beyond(progress, reach, history.first, ends))
            for partition in history.partitions:
                until = min(progress.get(partition, 0), ends[partition])
                dead = {position for where, position in letters if where == partition}
                await self._compare_partition(history, partition, until, dead, chosen)

    async def _compare_partition(
        self, history: log.Log, partition: int, until: int, dead: Collection[int], chosen: Collection[Group] | None
    ) -> None:
        position = history.first[partition]
        async with aclosing(_stretches(history, self._store, partition, until)) as stretches:
            async for records in stretches:
                # A row where the log has no message belongs to the stretch that ends behind it.
                end = records[-1].position + 1
                await self._compare_stretch(partition, (position, end), records, dead, chosen)
                position = end
        await self._compare_stretch(partition, (position, until), [], dead, chosen)

    async def _compare_stretch(
        self,
        partition: int,
        positions: tuple[int, int],
        records: Sequence[Read],
        dead: Collection[int],
        chosen: Collection[Group] | None,
    ) -> None:
        mine = [one for one in records if one.event is None or _chosen(one, chosen)]
        self.account.messages += len(mine)

        def compare(client: Client) -> tuple[list[Difference], list[Read]]:
            rows = maintenance_queries.read_rows(client, partition, *positions, chosen)
            return proof.compare_rows(partition, mine, rows)

        differences, unaccounted = await self._store.run(compare)
        self._tell(differences)
        if unaccounted:
            await self._account_for(partition, unaccounted, dead)

    async def _account_for(self, partition: int, records: Sequence[Read], dead: Collection[int]) -> None:
        asked = [one for one in records if one.event is not None and one.position not in dead]
        release = await log.release_for(self._programmes, asked)

        def account(client: Client) -> list[Difference]:
            keys = sorted({proof.key_of(one) for one in asked})
            first = maintenance_queries.read_first(client, partition, keys)
            check(asked, release)
            return list(proof.account_for(partition, records, dead, first))

        self._tell(await self._store.run(account))

    def _tell(self, differences: Iterable[Difference]) -> None:
        for one in differences:
            self.account.differences += 1
            self._say(str(one))


def _differences(client: Client, group: Group, account: Account) -> list[Difference]:
    """What is wrong with a form and period's cells and decisions, as of one moment."""
    snapshot = maintenance_queries.read_snapshot(client, group)
    summed = maintenance_queries.sum_submissions(client, group, snapshot.progress)
    found: list[Difference] = []
    if not snapshot.says(summed):
        sums = maintenance_queries.summed_rows(summed)
        found += proof.compare_cells(*group, snapshot.rows(), sums, snapshot.progress)
    decided = list(maintenance_queries.read_decided(client, group, snapshot.progress))
    found += proof.compare_decisions(*group, decided)
    account.groups += 1
    account.cells += snapshot.cells.num_rows
    account.submissions += len(decided)
    return found


async def _stretches(history: log.Log, store: Store, partition: int, until: int) -> AsyncGenerator[list[Read], None]:
    """A partition's records in order, in lists of a size that is worth a question to ClickHouse."""
    gathered: list[Read] = []
    begin, end = {partition: history.first[partition]}, {partition: until}
    async with aclosing(history.batches(begin, end, store, STRETCH)) as batches:
        async for records in batches:
            gathered += records
            if len(gathered) >= STRETCH:
                yield gathered
                gathered = []
    if gathered:
        yield gathered


def _chosen(record: Read, chosen: Collection[Group] | None) -> bool:
    event = record.event
    return chosen is None or (event is not None and (event.form, event.period) in chosen)


def _beyond(
    progress: Mapping[int, int], reach: Mapping[int, int], first: Mapping[int, int], ends: Mapping[int, int]
) -> list[Difference]:
    """Figures from another log than this: from partitions or positions that it does not have."""
    found = []
    for partition, begins in sorted(first.items()):
        if begins:
            found.append(Difference(f"log partition {partition}", f"from position {begins} on", "from position 0 on"))
    for what, stands in (("progress", progress), ("submissions", reach)):
        for partition, position in sorted(stands.items()):
            if partition not in ends:
                has = f"in a partition of the log, which has {len(ends)}"
                found.append(Difference(f"{what} of partition {partition}", f"up to {position}", has))
            elif position > ends[partition]:
                there = f"at most {ends[partition]}, where the log ends"
                found.append(Difference(f"{what} of partition {partition}", f"up to {position}", there))
    return found
