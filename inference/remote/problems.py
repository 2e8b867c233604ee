"""What can go wrong between us and somebody else's model, each with a message for people."""

from __future__ import annotations


class Misplaced(Exception):
    """This address, or this key for it, may not be used."""


class CallFailed(Exception):
    """No answer came. `again`: another try may get one."""

    def __init__(self, message: str, *, again: bool = False, wait: float | None = None) -> None:
        super().__init__(message)
        self.again = again
        self.wait = wait
        """Seconds the endpoint asks us to wait before that."""


class Unusable(Exception):
    """The endpoint refuses everything we could ask: its address, key or set-up is wrong."""


class Refused(Exception):
    """What came back for one document is no answer to its question."""


class NotTaken(Refused):
    """The endpoint does not take this request (400 and the like); it may take another form."""
