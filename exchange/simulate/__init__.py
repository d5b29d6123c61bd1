"""Synthetic lives: whole programs, told fact by fact as their ledgers would hold them. Nobody in them exists."""
