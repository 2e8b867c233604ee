"""Files come in: received, mapped, read row by row, staged, published."""
