"""What a model is worth: measured on blind test documents, and shown with its uncertainty.

Nothing in here feeds a choice. No temperature, threshold or winner is made from these figures.
"""
