"""What travels between stages: `contract` says what a table is, `schemas` which there are, `absence`
what no record has. `coauth.tables(…)` is the verb (`coauth.api`), so the room exports nothing.
"""
