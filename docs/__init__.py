"""Pages that are made from the code: what they say is what the program does. `make docs` writes them."""
