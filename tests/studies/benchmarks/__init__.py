"""How long coauth takes at 20,000, 100,000 and 500,000 works, and beside it what others take:
`python -m tests.studies.benchmarks`.
"""
