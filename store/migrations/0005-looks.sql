-- Who looked at a patient: the access record isn't encrypted, so that the ids that its facts name find them. Reads of
-- one chart, and lists with many patients in them. Both indexes are of those facts alone: appends of others pass by. No
-- regular expression: of a long list that would take longer than the index.
CREATE INDEX IF NOT EXISTS fact_chart_reads
    ON fact (substring(body FROM position('"patient_id":"'::bytea IN body) + 14 FOR 36))
    WHERE type = 'ChartRead';

CREATE INDEX IF NOT EXISTS fact_searches
    ON fact USING gin (
        string_to_array(
            split_part(
                encode(substring(body FROM position('"patient_ids":["'::bytea IN body) + 16), 'escape'), '"]', 1
            ),
            '","'
        )
    )
    WHERE type = 'SearchMade';
