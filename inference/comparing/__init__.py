"""Two versions side by side on blind test documents: which is better, by how much, and where."""
