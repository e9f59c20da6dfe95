-- SPDX-License-Identifier: MIT
-- One row per run: what lists, filters and sums need. Energies in whole microjoules, so that SUM()
-- is exact; NULL is unknown. state, scope and quality are the enums of wattle/record.h and energy.h.
CREATE TABLE runs (
    run INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    parent_id TEXT,
    machine_id TEXT,
    state INTEGER NOT NULL,
    started_ns INTEGER NOT NULL,
    duration_s REAL,
    exit_status INTEGER,
    command TEXT NOT NULL,
    project TEXT,
    tags TEXT,
    scope INTEGER NOT NULL,
    quality INTEGER NOT NULL,
    machine_uj INTEGER,
    machine_low_uj INTEGER,
    machine_high_uj INTEGER,
    task_uj INTEGER,
    task_low_uj INTEGER,
    task_high_uj INTEGER,
    co2e_g REAL
);
CREATE INDEX runs_started ON runs (started_ns);

-- The whole record as docs/record.md defines it. Apart from runs, so that a list reads few pages.
CREATE TABLE records (
    run INTEGER PRIMARY KEY REFERENCES runs (run) ON DELETE CASCADE,
    json TEXT NOT NULL
);
