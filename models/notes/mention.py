"""A name in a text: whose it is, where it stands, and how sure it is that it is one."""

from __future__ import annotations

from dataclasses import dataclass

CUSTOMER, RIVAL = "customer", "competitor"


@dataclass(frozen=True)
class Mention:
    """A name, where it stands in the text, how sure it is that it is one (0 to 1), and whose it is."""

    name: str
    start: int
    end: int
    sureness: float
    whose: str = CUSTOMER
