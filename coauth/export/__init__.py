"""A network as files people open: `formats` writes them. `coauth.export(…)` is the verb."""
