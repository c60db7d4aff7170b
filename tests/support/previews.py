"""What a preview shows, as plain pairs."""

from coauth.stats.incidence import ONE


def ties(preview):
    """{(institution, institution): works} of a preview."""
    ids, graph = preview.network.institutions, preview.graph.tocoo()
    return {
        (ids[a], ids[b]): n / ONE
        for a, b, n in zip(graph.row, graph.col, graph.data, strict=True)
        if a < b
    }
