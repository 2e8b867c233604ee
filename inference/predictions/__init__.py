"""What fixed versions say of every document: recorded, searched and given out."""
