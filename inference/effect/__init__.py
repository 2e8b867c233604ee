"""What suggestions do to the people who see them: blind against open documents of the reserve.

Only documents of the reserve count, by the arm that chance assigned them (intention to treat),
with what people first answered. All else is chosen by the model, and harder by construction.
"""
