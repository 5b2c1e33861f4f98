-- also applied as e944697e69032a53a852b3d12fd66f134d2bda0f14f832daec7bd14560f372a4: coarser, until the figures are rebuilt
-- Totals of areas (absolute, never deltas) and, in the same table so that one insert writes both, the progress they
-- stand at. A row with an empty form is progress: version = the position the partition's fold reads next.
-- No PARTITION BY: one insert must stay one part, so that a reader sees all of a flush or none of it.
CREATE TABLE rollup
(
    form           LowCardinality(String),
    period         LowCardinality(String),
    area           String COMMENT 'unit id',
    partition      UInt16,
    version        UInt64 COMMENT 'position the log was folded up to, exclusive',
    units          Int64 COMMENT 'units with a current report',
    sums           Array(Int64),
    reported       Array(Int64) COMMENT 'units behind each sum',
    not_applicable Array(Int64),
    known_at       DateTime64(3, 'UTC') COMMENT 'append time of the newest message folded'
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (form, period, area, partition)
-- Readers want some dozens of areas of thousands: by the default 8192 they would read a hundred times as many rows.
SETTINGS index_granularity = 512
