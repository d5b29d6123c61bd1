"""The rules of care: facts, state, decisions, compliance. Standard library only, and pure."""
