"""The order of the stages, written once: source → pages → tables → exports and report.

    sources ─► pages ─► works ─► institutions ─► inclusion ─► edges ─► flags ─► centrality ─► shifts
                          └► technologies ────────────────────────────┘  └► copublications ─► events, revisions

Stages never import each other: each takes the tables it reads and returns the tables it makes, and
they meet here. All that happens on the network happens in `harvest`, and in `admissions` before a
report; everything else reads only the cache. A file's main function bears a longer name than the
file, so nothing is exported here: `from coauth.pipeline.build import build_tables`.
"""
