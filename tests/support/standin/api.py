"""The API behind the proxy: one work, a page of a list, groups."""

from __future__ import annotations

import bisect
import urllib.parse
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from tests.support.standin.answers import spoil
from tests.support.standin.budget import price
from tests.support.standin.catalogue import Catalogue, Sorted, shown
from tests.support.standin.checks import (
    check_parameters,
    group_parameter,
    not_imitated,
    read_select,
    single_work,
    whole_number,
)
from tests.support.standin.faults import PAGE_FAULTS, RECORD_FAULTS, FaultBook
from tests.support.standin.fields import Field, known_field, last_part
from tests.support.standin.filters import is_missing
from tests.support.standin.limits import COUNTRY_NAMES, RESULT_WINDOW, SOFT_TIMEOUT_MS
from tests.support.standin.sorting import (
    DEFAULT_SORT,
    TIE_BREAK,
    SortField,
    decode_cursor,
    decode_cursor_text,
    encode_cursor,
    parse_sort,
    sort_key,
)
from tests.support.standin.wire import (
    Record,
    Request,
    Response,
    bad_page,
    bad_query,
    json_bytes,
    not_found,
    usd,
)


class Api:
    """Answers what has passed the proxy."""

    def __init__(
        self, catalogue: Catalogue, faults: FaultBook, max_per_page: int, *, sort_by_id: bool
    ) -> None:
        self.catalogue, self.faults = catalogue, faults
        self._max_per_page, self._sort_by_id = max_per_page, sort_by_id

    def routed(self, request: Request) -> Response:
        name = single_work(request.path)
        if name is not None:
            return self._single(name, request)
        if request.path.strip("/") != "works":
            return not_found()
        check_parameters(request.query)
        for unknown in ("search", "sample", "group_bys", "group-bys"):
            if request.query.get(unknown):
                raise not_imitated(unknown)
        return self._groups(request) if group_parameter(request.query) else self._list(request)

    def _single(self, name: str, request: Request) -> Response:
        """One work with all its authors; `select` works here too (read)."""
        record = self.catalogue.find(name)
        if record is None:
            return not_found()
        select = read_select(request.query)
        return Response(
            200, self._spoil(request, [record], [json_bytes(shown(record, select))], select)[0]
        )

    def _page_size(self, query: Mapping[str, str]) -> int:
        size = whole_number(query, "per-page", 200 if group_parameter(query) else 25)
        if not 1 <= size <= self._max_per_page:
            raise bad_page(f"per-page parameter must be between 1 and {self._max_per_page}.")
        return size

    def _list(self, request: Request) -> Response:
        query = request.query
        size, page, cursor = (
            self._page_size(query),
            whole_number(query, "page", 1),
            query.get("cursor", ""),
        )
        select = read_select(query)
        chosen = parse_sort(query.get("sort", ""), by_id=self._sort_by_id)
        if cursor:
            sort = chosen + DEFAULT_SORT  # the whole default order follows the chosen one (read)
        else:
            named = {by.name for by in chosen}
            tail = () if "id" in named else tuple(by for by in TIE_BREAK if by.name not in named)
            sort = chosen + tail if chosen else DEFAULT_SORT
        found = self.catalogue.sorted(query.get("filter", ""), sort)
        start = self._start(found, sort, cursor, page, size)
        return self._page(request, found, sort, select, start, size, page, cursor)

    @staticmethod
    def _start(found: Sorted, sort: Sequence[SortField], cursor: str, page: int, size: int) -> int:
        """Where the page begins: right after the values of the cursor, whether or not that record
        is still there.
        """
        if page < 1:
            raise bad_page("Page parameter must be greater than 0.")
        if cursor and page != 1:
            raise bad_page("Cannot use page parameter with cursor.")
        if page * size > RESULT_WINDOW:
            raise bad_page(
                f"Maximum results size of {RESULT_WINDOW:,} records is exceeded. Cursor pagination is required for "
                f"records beyond {RESULT_WINDOW:,}. See: https://docs.openalex.org/api#cursor-paging"
            )
        if not cursor:
            return (page - 1) * size
        if cursor == "*":
            return 0
        values = decode_cursor(cursor)
        try:
            return bisect.bisect_right(found.keys, sort_key(values, sort))
        except (ValueError, TypeError):
            raise bad_page("Cursor value is invalid.") from None

    def _page(
        self,
        request: Request,
        found: Sorted,
        sort: Sequence[SortField],
        select: tuple[str, ...],
        start: int,
        size: int,
        page: int,
        cursor: str,
    ) -> Response:
        """A page of hits. The cursor ends as soon as a page is not full, whatever the count says
        (read).
        """
        count, took = len(found.places), 12
        for fault in self.faults.striking(PAGE_FAULTS, request):
            if fault.kind == "lose":
                start += 1
            elif fault.kind == "duplicate":
                start = max(0, start - 1)
            elif fault.kind == "count_drift":
                count += fault.drift
            else:
                took = SOFT_TIMEOUT_MS + 3
                full, size_kept = len(found.places[start : start + size]), fault.keep
                found = replace(
                    found,
                    places=found.places[: start + (full // 2 if size_kept is None else size_kept)],
                )
                if fault.partial_count:
                    count = len(found.places)
        places = found.places[start : start + size]
        meta: dict[str, Any] = {
            "count": count,
            "db_response_time_ms": took,
            "page": None if cursor else page,
            "per_page": size,
            "groups_count": None,
        }
        if cursor:
            full = len(places) == size
            meta["next_cursor"] = (
                encode_cursor(self.catalogue.sort_values(places[-1], sort)) if full else None
            )
        return self._document(request, meta, b'"results":[%s],"group_by":[]', places, select)

    def _document(
        self,
        request: Request,
        meta: dict[str, Any],
        frame: bytes,
        places: Iterable[int],
        select: tuple[str, ...],
    ) -> Response:
        asked = {
            name: value
            for name, value in request.query.items()
            if name not in ("api_key", "api-key")
        }
        meta["x_query"] = {"url": f"/works?{urllib.parse.urlencode(asked)}"}
        meta["cost_usd"] = usd(price(request))
        records = [self.catalogue.records[place] for place in places]
        hits = [self.catalogue.listed_bytes(place, select) for place in places]
        return Response(
            200,
            b'{"meta":%s,%s}'
            % (json_bytes(meta), frame % b",".join(self._spoil(request, records, hits, select))),
        )

    def _spoil(
        self, request: Request, records: list[Record], hits: list[bytes], select: tuple[str, ...]
    ) -> list[bytes]:
        """Records as they are shown, those that a fault names spoiled."""
        request.records = (
            tuple(last_part(str(r.get("id"))) for r in records)
            if not select or "title" in select
            else ()
        )
        for fault in self.faults.striking(RECORD_FAULTS, request):
            place = request.records.index(fault.record) if fault.record else 0
            hits[place] = spoil(hits[place], fault)
        return hits

    def _groups(self, request: Request) -> Response:
        """One level of groups: largest first, or by key when there is a cursor; no `results` at all
        (read).

        Keys are texts, also of years (read). The zero counts the real server adds for known types
        are left out.
        """
        query, catalogue = request.query, self.catalogue
        name, _, unknown = group_parameter(query).partition(":")
        if "," in name:
            raise not_imitated("nested groups")
        one = known_field(name.replace("-", "_"))
        if one.kind in ("date", "search") or (one.kind == "number" and not one.group_number):
            raise bad_query("Cannot group by date, number, or search fields.")
        size, cursor = self._page_size(query), query.get("cursor", "")
        if whole_number(query, "page", 1) != 1:
            raise bad_page(
                "Unable to paginate beyond page 1. Group-by is limited to page 1 with up to 200 results at this time."
            )
        if cursor and one.kind in ("flag", "present"):
            raise bad_query(
                "Cannot use cursor pagination when grouping fields that return true or false."
            )
        places = catalogue.matching(query.get("filter", ""))
        counts = self._counts(one, places, unknown == "include_unknown")
        if cursor:
            after = None if cursor == "*" else decode_cursor_text(cursor)
            ordered = sorted((key, n) for key, n in counts.items() if after is None or key > after)
        else:
            ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        chosen = ordered[:size]
        meta: dict[str, Any] = {
            "count": len(places),
            "db_response_time_ms": 12,
            "page": None if cursor else 1,
            "per_page": size,
            "groups_count": len(chosen),
        }
        if cursor:
            meta["next_cursor"] = encode_cursor(chosen[-1][0]) if chosen else None
        groups = [
            {"key": key, "key_display_name": self._group_name(one, key), "count": n}
            for key, n in chosen
        ]
        return self._document(
            request, meta, b'"group_by":' + json_bytes(groups).replace(b"%", b"%%") + b"%s", (), ()
        )

    def _counts(self, one: Field, places: Iterable[int], include_unknown: bool) -> Counter[str]:
        column = self.catalogue.column(one.column)
        counts: Counter[str] = Counter()
        for place in places:
            have = column[place]
            if is_missing(have):
                if include_unknown:
                    counts["-111" if one.kind in ("number", "flag") else "unknown"] += 1
            elif one.kind in ("term", "id"):
                upper = "countries/" in one.group_prefix
                counts.update(
                    one.group_prefix + (value.upper() if upper else value) for value in have
                )
            elif one.kind == "flag":
                counts["1" if have else "0"] += 1
            else:
                counts[str(have).lower() if one.kind == "present" else str(int(have))] += 1
        return counts

    def _group_name(self, one: Field, key: str) -> str | None:
        if key in ("unknown", "-111"):
            return key
        if one.kind == "flag":
            return "true" if key == "1" else "false"
        value = key.removeprefix(one.group_prefix)
        if "countries/" in one.group_prefix:
            return COUNTRY_NAMES.get(value.lower(), value)
        return self.catalogue.display_name(key) if one.kind == "id" else value
