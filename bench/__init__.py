"""Measures against a floor (the same bytes, nothing in between) and a peer (the library as documented)."""
