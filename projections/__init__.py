"""Disposable read tables made from facts: status, census, attendance, sessions. Rebuilt, never migrated."""
