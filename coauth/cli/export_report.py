"""What is handed on: exports and the quarterly report."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from coauth.cli.group import Answer, Command, coauth, common, of_vintage
from coauth.cli.group import years as read_years
from coauth.cli.harvest_build import statbank
from coauth.export.formats import FORMATS
from coauth.network.model import COUNTINGS
from coauth.pipeline.admissions import fetch_totals_once
from coauth.pipeline.export import export_network
from coauth.pipeline.networks import Profile
from coauth.pipeline.project import Project
from coauth.pipeline.quarter import write_quarter


def of_profile(command: Command) -> Command:
    return click.option(
        "--profile",
        type=click.Choice(["internal", "public"]),
        default="internal",
        show_default=True,
        help="public: no count of 1 to 4 works and none that gives one back; institutions on a watchlist only summed.",
    )(command)


@coauth.command()
@click.argument("form", metavar="FORMAT", type=click.Choice(FORMATS))
@click.option(
    "-o",
    "out",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    help="File to write.",
)
@click.option(
    "--dynamic",
    is_flag=True,
    help="With gexf: years on nodes, edges and weights, for Gephi's timeline.",
)
@click.option("--years", metavar="Y1-Y2", help="Only these years, e.g. 2019-2024.")
@click.option(
    "--flagged", is_flag=True, help="Only pairs with a review cue (watchlist or technology)."
)
@click.option("--domestic", is_flag=True, help="Only domestic–foreign pairs.")
@click.option(
    "--min-weight", type=float, default=0.0, help="Only pairs of at least this weight (works)."
)
@click.option(
    "--counting",
    type=click.Choice(list(COUNTINGS)),
    help="The rule behind weights [default: that of measures.toml].",
)
@click.option(
    "--top",
    type=click.IntRange(1),
    help="Only the N strongest institutions, and those on a watchlist.",
)
@click.option("--ego", metavar="INSTITUTION", help="Only an institution and its partners.")
@click.option(
    "--backbone",
    "backbone",
    flag_value="projection",
    help="Only pairs that share more works than the volumes of both explain (degree sequence model, FDR 0.05).",
)
@click.option(
    "--disparity",
    "backbone",
    flag_value="disparity",
    help="Only pairs that weigh much at one of their ends (disparity filter, 0.05): simpler than --backbone.",
)
@click.option(
    "--by",
    "unit",
    type=click.Choice(["institution", "country", "group"]),
    default="institution",
    show_default=True,
    help="What a node is; works are counted anew between countries, or between the groups of groups.toml (the smallest a country is in).",
)
@of_profile
@of_vintage
@common
def export(
    project: Project,
    answer: Answer,
    form: str,
    out: Path,
    dynamic: bool,
    years: str | None,
    vintage: str | None,
    **filters: Any,
) -> None:
    """Write the network: gexf, gephi-lite, graphml, pajek, vosviewer, csv or parquet, with a data
    dictionary.

    Example: coauth export gexf --dynamic --years 2019-2024 --flagged -o flagged.gexf
    """
    chosen = project.cache.find(vintage)
    if dynamic:
        if form != "gexf":
            raise click.UsageError("--dynamic goes with gexf")
        form = "gexf-dynamic"
    given = {k: v for k, v in filters.items() if v} | (
        {"years": read_years(years)} if years else {}
    )
    with answer.progress() as bar:
        paths = export_network(project, chosen, form, out, progress=bar, **given)
    answer.give(paths, map(str, paths))


@coauth.command()
@click.argument("quarter", required=False, metavar="[2026Q3]")
@click.option(
    "--language",
    type=click.Choice(["da", "en"]),
    multiple=True,
    help="Danish or English [default: both].",
)
@click.option(
    "--against",
    metavar="VINTAGE",
    help="Tell what changed since this vintage [default: the newest earlier one when it was built].",
)
@of_profile
@of_vintage
@common
def report(
    project: Project,
    answer: Answer,
    quarter: str | None,
    language: tuple[str, ...],
    against: str | None,
    profile: Profile,
    vintage: str | None,
) -> None:
    """Write reports/<quarter>/ from the newest complete vintage of the quarter; --profile public
    writes reports/<quarter>-public/.

    Example: coauth report 2026Q4 --language da
    """
    if against and profile == "public":
        raise click.UsageError(
            "--against goes with the internal profile; a public report is held against the public one before it"
        )
    chosen = project.cache.find(vintage, quarter)
    fetch_totals_once(project, chosen, **statbank())
    with answer.progress() as bar:
        paths = write_quarter(
            project,
            chosen,
            languages=language or ("en", "da"),
            against=against,
            side_by_side=True,
            profile=profile,
            progress=bar,
        )
    answer.give(paths, (f"{name:<14} {path}" for name, path in paths.items()))
