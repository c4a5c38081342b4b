"""Streams of statistics: each has weeks, token keys, releases and a budget of its own."""

from enum import StrEnum


class Stream(StrEnum):
    """What is released together."""

    SOFTWARE = "software"
    """The programs of the company."""
    DEMO = "demo"
    """The program of ``make demo``, in local mode alone: its weeks last seconds, its figures are marked."""
