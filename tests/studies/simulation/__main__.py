"""The simulation study: `python -m tests.studies.simulation [--worlds 1000] [--quick]` prints the tables
and writes RESULTS.md.
"""

import os

os.environ.setdefault(
    "OPENBLAS_NUM_THREADS", "1"
)  # matrices are small: threads would only wait for each other

from tests.studies.simulation.results import main

if __name__ == "__main__":
    main()
