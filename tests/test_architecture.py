"""The shape of the house, held by reading its imports."""

import ast
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

import coauth

PACKAGE = Path(coauth.__file__).parent
LAYERS = [
    {"errors", "progress"},
    {"queries"},
    {"tables"},
    {"openalex"},
    {"storage", "engine"},
    {"stats"},
    {"sources", "stages", "network", "review", "public"},
    {"export", "report"},
    {"count"},
    {"pipeline"},
    {"api"},
    {"__init__"},
    {"cli"},
    {"__main__"},
]
"""Import only from rows above; within a row, never from each other."""

RANK = {name: rank for rank, row in enumerate(LAYERS) for name in row}


def modules():
    return sorted(PACKAGE.rglob("*.py"))


@cache
def nodes(path):
    """A file as Python reads it: each test asks something else of all of them."""
    return list(ast.walk(ast.parse(path.read_text("utf-8"))))


def room(path):
    """The module or folder at the top of the package that a file belongs to."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(path):
    """Rooms of coauth that a file imports at run time (not those needed only for type checking)."""
    tree = ast.parse(path.read_text("utf-8"))
    typing_only = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if id(node) in typing_only:
            continue
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "coauth":
            parts = (node.module or "").split(".")
            names = [a.name for a in node.names if a.name != "__version__"]
            yield from names if len(parts) == 1 else parts[1:2]
        elif isinstance(node, ast.Import):
            names = [a.name.split(".")[1] for a in node.names if a.name.startswith("coauth.")]
            yield from names


def test_every_module_has_a_place_in_the_order():
    """A new file at the top of the package must be given its row in LAYERS."""
    assert {room(p) for p in modules()} == set(RANK)


def test_the_package_tells_its_rooms():
    """The map in coauth/__init__.py names every room once, none before one that it may import."""
    told = re.search(r"(?s)\nThe rooms.*?:\n\n(.*?)\n\n", coauth.__doc__)[1]
    named = re.findall(
        r"\w+", " ".join(re.split(r"  +", line.strip())[1] for line in told.splitlines())
    )
    assert sorted(named) == sorted(RANK.keys() - {"__init__", "__main__"})
    assert [RANK[name] for name in named] == sorted(RANK[name] for name in named)


def test_the_page_on_the_house_is_true():
    """Each room stands in its row, in the order of rows, and every file it names is there."""
    page = (PACKAGE / "docs" / "architecture.md").read_text("utf-8")
    rows = [(int(row), name) for row, name in re.findall(r"(?m)^\| (\d+) \| `(\w+)`", page)]
    assert rows == sorted(rows, key=lambda r: r[0])
    expected = {name: rank for name, rank in RANK.items() if not name.startswith("__")}
    order = sorted(set(expected.values()))
    assert {name: row for row, name in rows} == {n: order.index(r) + 1 for n, r in expected.items()}
    for place in re.findall(r"`(\w+(?:/\w+)+(?:\.py|/))`", page):
        if not place.startswith(("queries", "cache", "reports", "coauth", "tests")):
            assert (PACKAGE / place).exists(), place


@pytest.mark.parametrize("path", modules(), ids=lambda p: p.relative_to(PACKAGE).as_posix())
def test_imports_run_one_way(path):
    """A module imports only from rows above its own; a folder's files may import each other."""
    here = room(path)
    if here == "__init__":  # the verbs are looked up when they are called
        return
    wrong = [name for name in imports(path) if name != here and RANK.get(name, 99) >= RANK[here]]
    assert not wrong, f"{here} imports {wrong}"


def stage(module):
    """Of `coauth.stages.shifts.verdicts` and of its file: `shifts`."""
    return module.split(".")[2]


@pytest.mark.parametrize("path", sorted(PACKAGE.glob("stages/**/*.py")), ids=lambda p: p.stem)
def test_no_stage_imports_another(path):
    """They share tables, queries, stats and engine, and meet in the pipeline."""
    own = path.relative_to(PACKAGE / "stages").parts[0].removesuffix(".py")
    tree = ast.parse(path.read_text("utf-8"))
    froms = [n for n in tree.body if isinstance(n, ast.ImportFrom) and n.module]
    full = [f"{n.module}.{a.name}" for n in froms for a in n.names]
    assert {stage(m) for m in full if m.startswith("coauth.stages.")} <= {own}


@pytest.mark.parametrize(
    ("library", "allowed"),
    [
        ("pyalex", {"sources/api/requests.py"}),
        ("duckdb", {"engine/duck.py"}),
        ("pyspark", {"engine/spark.py"}),
        ("click", {"cli/"}),
        (
            "requests",
            {
                "sources/api/transport.py",
                *(f"sources/http/{name}.py" for name in ("__init__", "trust", "barriers")),
            },
        ),
        ("typst", {"report/render/pdf.py"}),
    ],
)
def test_one_door_to_each_library(library, allowed):
    """A library that decides a design is met in one file, or one room."""
    users = set()
    for path in modules():
        names = {
            a.name.split(".")[0] for n in nodes(path) if isinstance(n, ast.Import) for a in n.names
        }
        froms = {
            (n.module or "").split(".")[0] for n in nodes(path) if isinstance(n, ast.ImportFrom)
        }
        if library in names | froms:
            users.add(path.relative_to(PACKAGE).as_posix())
    assert users
    assert all(u in allowed or f"{u.split('/')[0]}/" in allowed for u in users)


@pytest.mark.parametrize("path", modules(), ids=lambda p: p.relative_to(PACKAGE).as_posix())
def test_only_the_command_line_prints_or_exits(path):
    """Library code logs or raises; nothing is swallowed."""
    calls = [n for n in nodes(path) if isinstance(n, ast.Call)]
    named = {n.func.id for n in calls if isinstance(n.func, ast.Name)} | {
        ast.unparse(n.func) for n in calls
    }
    if room(path) not in {"cli", "__main__"}:
        assert not named & {"print", "exit", "sys.exit", "click.echo"}
    for handler in (n for n in nodes(path) if isinstance(n, ast.ExceptHandler)):
        assert handler.type is not None
        assert ast.unparse(handler.type) not in {"Exception", "BaseException"}, (
            "catch the one error you expect"
        )


def test_the_command_line_starts_without_what_it_seldom_needs():
    """Drawing and tests of shares load what they take; `coauth status` does not wait for it."""
    program = "import sys, coauth.cli; print(*({'matplotlib', 'typst', 'scipy.stats', 'networkx', 'pyspark'} & sys.modules.keys()))"
    assert (
        subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, check=True
        ).stdout
        == "\n"
    )


@pytest.mark.parametrize("name", ["tables", "export", "report", "count", "pipeline"])
def test_some_rooms_export_nothing(name):
    """A file of these is imported by its name, which no function hides."""
    (docstring,) = ast.parse((PACKAGE / name / "__init__.py").read_text("utf-8")).body
    assert isinstance(docstring, ast.Expr)


def test_rooms_with_a_verbs_name_are_imported_file_by_file():
    """`from coauth import tables` would be the verb."""
    for path in [*modules(), *Path(__file__).parent.rglob("*.py")]:
        for node in nodes(path):
            if isinstance(node, ast.ImportFrom) and node.module == "coauth":
                rooms = {a.name for a in node.names} & {"tables", "export", "report", "count"}
                assert not rooms, f"{path}: {rooms}"


WEAK = {
    *("found", "made", "known", "told", "said", "shown", "drawn", "asked", "seen", "kept", "held"),
    *("given", "there", "here", "those", "which", "alone"),
}
"""Words that say that something happened to a thing, or point at it, and not what it is."""


@pytest.mark.parametrize("path", modules(), ids=lambda p: p.relative_to(PACKAGE).as_posix())
def test_names_are_nouns_and_verbs(path):
    """No parameter, field, function, class or name of a module is a participle or a pronoun."""
    tree = ast.parse(path.read_text("utf-8"))
    names = {n.arg for n in ast.walk(tree) if isinstance(n, ast.arg)}
    names |= {
        n.name
        for n in ast.walk(tree)
        if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    }
    bodies = [tree, *(n for n in ast.walk(tree) if isinstance(n, ast.ClassDef))]
    names |= {
        target.id
        for body in bodies
        for n in body.body
        if isinstance(n, ast.Assign | ast.AnnAssign)
        for target in ast.walk(n)
        if isinstance(target, ast.Name) and isinstance(target.ctx, ast.Store)
    }
    assert not {n for n in names if n.lower() in WEAK}


TESTS = Path(__file__).parent
APART = {"support", "studies", "end_to_end"}
"""Folders of tests that are of no room: what tests share, what is measured, the whole road."""


def test_tests_mirror_the_package():
    """A folder of tests is a folder of the package, and no module of tests leans on another's."""
    for path in TESTS.rglob("*.py"):
        parts = path.relative_to(TESTS).parts[:-1]
        if parts and parts[0] not in APART:
            assert (PACKAGE / Path(*parts)).is_dir(), path
        for node in nodes(path):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("tests."):
                assert ".test_" not in f".{node.module}", f"{path}: {node.module}"


def test_no_closets():
    """No module is named for being handy."""
    assert not {p.stem for p in modules()} & {"utils", "util", "helpers", "common", "misc"}
