"""Audits suppressed tables by tau-ARGUS: a script for the Python of .tools/tauargus, which has no package of Candor.

Standard input: a list of tables, each with cells ``[row, column, count]`` and hidden positions ``[row, column]``; the
margins are called Total. Standard output: for each table, the positions whose count follows from the rest.
"""

import json
import sys
import tempfile
from pathlib import Path
from typing import Any


def audit(table: dict[str, Any]) -> int:
    """Return how many hidden counts of *table* can be computed exactly."""
    from pytauargus import protect
    from pytauargus.batch import Apriory

    rows, columns, counts = zip(*table["cells"], strict=True)
    micro = {"row": list(rows), "column": list(columns), "count": [float(count) for count in counts]}
    with tempfile.TemporaryDirectory() as folder:
        done = protect(
            micro, ["row", "column"], response="count", safety_rules="FREQ(1,1)", suppress="OPT(1)", workdir=folder
        )
        marks = Path(folder, "hidden.hst")
        marks.write_text("".join(f"{row},{column},u\n" for row, column in table["hidden"]), encoding="utf-8")
        marked = done.engine.apply_apriori(Apriory(file=str(marks), tab_no=1, separator=","))
        assert marked["status_ok"] == len(table["hidden"]), marked
        return sum(abs(found["max"] - found["min"]) < 0.5 for found in done.engine.audit(0))


if __name__ == "__main__":
    tables = json.load(sys.stdin)
    engine_output, sys.stdout = sys.stdout, sys.stderr  # what the engine prints is no answer
    answer = [audit(table) for table in tables]
    json.dump(answer, engine_output)
