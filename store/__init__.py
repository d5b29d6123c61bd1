"""The ledger on disk: append, read, encrypt. Knows no rule of care."""
