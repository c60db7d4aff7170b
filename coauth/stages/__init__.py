"""One file or folder a table: each takes tables, returns tables under their contracts, and imports
no other stage. `coauth.pipeline` hands them on.

    works ─► institutions ─► edges ─► flags ─► centrality ─► shifts
      └► technologies            └► copublications ─► events, intensity, benefits, revisions
"""
