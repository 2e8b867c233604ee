"""The version that somebody promoted for a question, as it suggests in place of the live head."""

from inference.promoted.versions import promoted_version, trouble

__all__ = ["promoted_version", "trouble"]
