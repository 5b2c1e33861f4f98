-- Units behind a figure are counted in 32 bits: half the bytes of a cell.
ALTER TABLE rollup
    MODIFY COLUMN reported Array(UInt32) COMMENT 'units behind each sum',
    MODIFY COLUMN not_applicable Array(UInt32)
