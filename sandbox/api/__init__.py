"""Operations of the Selling Partner API other than reports."""
