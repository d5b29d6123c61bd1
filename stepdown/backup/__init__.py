"""Backup and restore: Postgres' own base backup and recovery, held against what the ledgers say.

A backup is a folder: `database/` is a data directory as `pg_basebackup` writes it, with its manifest; `backup.json`
says what is in it. It is plain rather than packed: so Postgres' own verification sees every file and the write-ahead
log in every version that is supported, a restore is a copy, and charts, being encrypted, would hardly shrink.
"""
