"""From bytes to typed columns: unpack, decode, split, convert; and say line by line what is wrong with a file."""
