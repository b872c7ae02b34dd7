"""Reports API 2021-06-30: life cycle, builders of the files, encodings."""
