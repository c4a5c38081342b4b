"""The contracts of ``proto/`` as Python (``from shared.contracts import identity_v1``). Generated: ``make proto``."""
