-- As for submission.
ALTER TABLE rollup MODIFY SETTING merge_selector_base = 10
