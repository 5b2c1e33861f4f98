-- Every message decided, except exact duplicates. Replaying a position writes the same row again, so the newest wins
-- and nothing is counted twice. Readers ignore rows at or beyond the progress they read.
CREATE TABLE submission
(
    form         LowCardinality(String),
    period       LowCardinality(String),
    partition    UInt16,
    unit         String,
    position     UInt64,
    kind         UInt8,
    submission   FixedString(16),
    content      FixedString(16),
    replaces     Int64 COMMENT 'the revision the sender saw; -1: not said',
    decision     UInt8 COMMENT '1 accepted 2 unchanged 4 key_reused 5 conflict 6 retracted 7 moved',
    revision     UInt32,
    form_version UInt32,
    release      UInt32,
    path         Array(LowCardinality(String)) COMMENT 'unit ids, nation first, the unit itself last',
    values       Array(Int64) COMMENT 'in the order of the form''s fields, at their scale',
    states       Array(UInt8) COMMENT '0 absent 1 reported 2 not applicable',
    author       LowCardinality(String) COMMENT 'id of the access key',
    reason       String,
    known_at     DateTime64(3, 'UTC') COMMENT 'the broker''s append time',
    INDEX by_submission submission TYPE bloom_filter GRANULARITY 1
)
ENGINE = ReplacingMergeTree
ORDER BY (form, period, partition, unit, position)
