"""What a fixed version is worth, measured on blind test documents.

Answers that were given while suggestions were visible are measured apart, as contaminated, and
never count for a promotion.
"""
