"""One tree of errors. Each message says what was found, where, and what to do next.

`CoauthError` is what a user can cause or cure: the command line prints it as one line and exits
with 1. Anything else is a bug and keeps its traceback.
"""


class CoauthError(Exception):
    """Base of every expected error."""


class QueryError(CoauthError):
    """A file in `queries/` says something that cannot be read strictly; lists every fault, not only
    the first.
    """


class SourceError(CoauthError):
    """OpenAlex, or a file of its records, gave something that no retry cures."""


class BudgetSpent(SourceError):
    """The day's budget at OpenAlex is used up; what was fetched is stored and the same command
    continues.
    """


class HarvestIncomplete(CoauthError):
    """A slice holds fewer distinct works than OpenAlex counted for it."""


class HarvestMixed(CoauthError):
    """A vintage was fetched on both sides of a day on which OpenAlex assigned institutions anew."""


class CacheError(CoauthError):
    """`cache/` cannot be read or written, or what is stored there is damaged."""


class TableError(CoauthError):
    """A table breaks its contract (see `coauth.tables.schemas`): a stage was given or has made something
    false.
    """


class NotFound(CoauthError):
    """The institution, vintage, quarter, table or statement asked for is not here; lists what is."""


class DisclosureError(CoauthError):
    """What is asked for would tell more than a public edition may."""


class MeasureFailed(CoauthError):
    """A measure has no answer (no convergence, nothing to measure); no other method is tried in its
    place.
    """


class EngineError(CoauthError):
    """The engine asked for cannot be started here: a package or a program is missing."""
