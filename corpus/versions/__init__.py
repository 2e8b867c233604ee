"""Dataset versions: frozen, hashed, compared."""
