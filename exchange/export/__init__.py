"""Tables for others: named columns with types, a stream of rows at one cut, and the files that are written of them."""
