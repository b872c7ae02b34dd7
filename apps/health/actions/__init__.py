"""Writes: what documents and the floors above tell, what people do about it."""
