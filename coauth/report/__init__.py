"""The quarterly report: `document` builds it. `coauth.report(…)` is the verb."""
