"""One TOML file -> its object, or every fault in it at once, each with key and line."""

from __future__ import annotations

import difflib
import json
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from coauth.queries.strict import Strict

Model = TypeVar("Model", bound=Strict)


def read(path: Path, model: type[Model], faults: list[str]) -> Model | None:
    text, raw = "", {}
    try:
        text = path.read_text("utf-8")
        raw = tomllib.loads(text)
        # by way of JSON, where strict reading still takes a list for a tuple
        return model.model_validate_json(json.dumps(raw, default=str), strict=True)
    except FileNotFoundError:
        faults.append(f"{path}: missing; `coauth init` writes a fresh copy")
    except OSError as fault:
        faults.append(f"{path}: {fault.strerror}")
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as fault:
        faults.append(f"{path}: not TOML: {fault}")
    except ValidationError as fault:
        # a list is not "too short" because what stands in it is faulty
        told = [
            d
            for d in fault.errors()
            if d["type"] != "too_short" or len(d["loc"]) > 1 or not raw.get(str(d["loc"][0]))
        ]
        faults += [_sentence(path, model, detail, text) for detail in told]
        if any(
            detail["loc"] for detail in told
        ):  # a fault of one key hides what is wrong between entries
            faults += [f"{path}: {said}" for said in _repeated(model, raw)]
    return None


def _sentence(path: Path, model: type[BaseModel], detail: Any, text: str) -> str:
    where = ".".join(str(part) for part in detail["loc"]) or "the file"
    line = _line(text, detail["loc"])
    at = f" (line {line})" if line else ""
    if detail["type"] == "extra_forbidden":
        near = difflib.get_close_matches(str(detail["loc"][-1]), _known_keys(model), n=1)
        return (
            f"{path}: {where}: unknown key" + (f", did you mean '{near[0]}'?" if near else "") + at
        )
    return f"{path}: {where}: {detail['msg']}{at}"


def _line(text: str, loc: tuple[str | int, ...]) -> int | None:
    """The line of a key, or of the header of the table that lacks it; None for a key that is not
    there at the top.
    """
    lines = text.splitlines()
    first, last, keys = 0, len(lines), list(loc)
    headers = [n for n, line in enumerate(lines) if re.match(r"\[+[\w.-]+\]+\s*(#|$)", line)]
    if len(keys) > 1:
        own = [n for n in headers if lines[n].strip("[] ") == keys[0]]
        place = keys[1] if isinstance(keys[1], int) else 0
        if place < len(own):
            first = own[place]
            keys = keys[2:] if isinstance(keys[1], int) else keys[1:]
    last = next((n for n in headers if n > first), last)
    key = keys[0] if keys and isinstance(keys[0], str) else None
    found = [
        n for n in range(first, last) if key and re.match(rf'\s*"?{re.escape(key)}"?\s*=', lines[n])
    ]
    return found[0] + 1 if found else first + 1 if first else None


def _repeated(model: type[BaseModel], raw: Mapping[str, Any]) -> list[str]:
    """Ids that a list of tables gives twice, read before anything else is known to be right."""
    tables = [
        (name, rows)
        for name, rows in raw.items()
        if name in model.model_fields and isinstance(rows, list)
    ]
    found = []
    for name, rows in tables:
        for key in ("id", "ror", "openalex"):
            values = [str(r[key]) for r in rows if isinstance(r, dict) and key in r]
            if twice := sorted({v for v in values if values.count(v) > 1}):
                found.append(f"{name}.{key}: listed twice: {', '.join(twice)}")
    return found


def _known_keys(model: type[BaseModel]) -> set[str]:
    keys = set(model.model_fields)
    for field in model.model_fields.values():
        for part in (field.annotation, *getattr(field.annotation, "__args__", ())):
            if isinstance(part, type) and issubclass(part, BaseModel):
                keys |= _known_keys(part)
    return keys
