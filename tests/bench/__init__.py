"""Measures the platform against the plain tools it is built of: ``python -m tests.bench`` (``make bench``).

One module for each area, which says ``AREA = Area("…")`` and decorates its measurements with ``@AREA.measures``; to add
an area, write the module and name it in ``tests.bench.__main__``.
"""
