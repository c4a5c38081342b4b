"""The draw, in a process of its own: reads counts from standard input, writes them with noise to standard output.

Run by ``noise.py`` as a script, by a Python that has OpenDP; it imports nothing of Candor. OpenDP and its library take
275 MB on disk, and a draw of many figures holds the interpreter.
"""

import json
import sys

_MISSING = 3


def main() -> int:
    """Draw once; exit code 3 when OpenDP is not installed."""
    try:
        import opendp.prelude as dp
    except ImportError:
        return _MISSING
    dp.enable_features("contrib")
    request = json.load(sys.stdin)
    # T=int would be a 32-bit integer.
    space = dp.vector_domain(dp.atom_domain(T="i64")), dp.l1_distance(T="i64")
    laplace = dp.m.make_laplace(*space, scale=float(request["scale"]))
    reply = {
        "counts": laplace(request["counts"]),
        "epsilon": laplace.map(request["sensitivity"]),
    }
    json.dump(reply, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
