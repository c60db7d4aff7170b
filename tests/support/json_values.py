"""JSON values of any kind, one record of every field, and the path of every value inside."""

from hypothesis import strategies as st

from tests.support.world import work

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)


SHAPE = work(
    1, 2020, [["I1", "I10"], ["I20"]], topics=["T1", "T2"], abstract="some words stand here"
) | {"citation_normalized_percentile": {"value": 0.5, "is_in_top_10_percent": True}}


def spots(value, path=()):
    """The path of every value inside a JSON value."""
    yield path
    for key, inner in (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    ):
        yield from spots(inner, (*path, key))
