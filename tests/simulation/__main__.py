"""The simulation study: `python -m tests.simulation [--worlds 1000] [--quick]` prints the tables
and writes RESULTS.md.
"""

import os
import sys
from pathlib import Path

sys.path.insert(
    0, str(Path(__file__).parents[1])
)  # as pytest has it: tests import their neighbours by name
os.environ.setdefault(
    "OPENBLAS_NUM_THREADS", "1"
)  # matrices are small: threads would only wait for each other

from simulation.results import main

if __name__ == "__main__":
    main()
