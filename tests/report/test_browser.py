"""The report in a real browser: what a reader can do with it, and what it never does."""

import os
import re
from itertools import pairwise

import pytest
from matplotlib.figure import Figure

from coauth.pipeline.project import Project
from coauth.report.explorer import Explorer
from coauth.report.render.html import Chart, Page, Section, Writer
from tests.support import browser
from tests.support.reports import HOSTILE, briefed, explore
from tests.support.world import rows


@pytest.fixture(scope="module")
def chromium():
    there = browser.found()
    if there is None:
        reason = "chromium and chromedriver are not installed (Debian: apt-get install chromium chromium-driver)"
        pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)
    opened = browser.Browser(*there)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def axe(node_packages):
    return (node_packages / "node_modules" / "axe-core" / "axe.min.js").read_text("utf-8")


@pytest.fixture(scope="module")
def quarter(sample_root):
    return next(p for p in (sample_root / "reports").iterdir() if p.is_dir())


def page(explorer, context, folder):
    """A page of nothing but the network's figure."""
    still = Figure(figsize=(4, 3))
    still.subplots().plot([1, 2], [2, 1])
    chart = Chart(
        "Network",
        "A picture",
        context.tables["works"].to_pandas().head(0),
        still=still,
        explorer=explorer,
    )
    whole = Page(
        title="Report",
        kicker="",
        edition="",
        running="",
        data_line="",
        headlines=(),
        notes=(),
        sections=(Section("network", "Network", (chart,)),),
    )
    writer = Writer(folder, context.words, {}, synthetic=False)
    path = folder / "report.html"
    path.write_text(writer.html(whole, writer.draw(whole)), "utf-8")
    return path


@pytest.fixture(scope="module")
def small(records, asked, tmp_path_factory):
    """The page of the world of `test_explorer`, for insiders and for everyone."""
    context = briefed(records, asked)
    made = {works: explore(context, works=works) for works in (True, False)}
    assert all(isinstance(e, Explorer) for e in made.values())
    return {works: page(e, context, tmp_path_factory.mktemp("small")) for works, e in made.items()}


def status(opened):
    """Institutions, pairs, lines, pairs with a listed institution and pairs with a technology, as
    the page tells them.
    """
    return [
        int(n.replace(",", ""))
        for n in re.findall(r"[\d,]*\d", opened.text("#explorer-status").split(":", 1)[1])
    ]


def choose_listed(opened, foreign="Beihang University"):
    """Open the first flagged pair of the overview."""
    opened.click("#explorer-panel li button")
    assert foreign in opened.text("#explorer-panel")


# -- what a reader can do


def test_the_slider_changes_the_years_and_what_they_hold(chromium, small):
    opened = chromium.open(small[True])
    assert opened.text("#explorer-period") == "2022–2024 (2024 prel.)"
    assert status(opened)[1:] == [5, 5, 2, 0]  # I1 and I2 with Beihang, I1–I2, and Lund with both
    opened.set("#explorer-window", 0, "input")
    assert opened.text("#explorer-period") == "2011–2013"
    assert status(opened) == [2, 1, 1, 0, 0]
    assert (
        opened.run(
            "return document.querySelector('#explorer-window').getAttribute('aria-valuetext')"
        )
        == "2011–2013"
    )


def test_the_filter_keeps_pairs_with_the_cue(chromium, quarter):
    opened = chromium.open(quarter / "report.html")
    counted = {}
    for cue in ("all", "watchlist", "technology", "both"):
        opened.set("#explorer-cue", cue, "change")
        counted[cue] = status(opened)
        assert opened.count("#explorer-map line") == counted[cue][2]
    _, pairs, _, watchlist, technology = counted["all"]
    assert counted["watchlist"][1] == counted["watchlist"][3] == watchlist
    assert counted["technology"][1] == technology
    assert 0 < counted["both"][1] < min(watchlist, technology) < pairs
    assert counted["both"][1] == counted["watchlist"][4] == counted["technology"][3]


def test_an_institution_is_found_by_name_and_shows_its_strongest_partners(
    chromium, quarter, sample_root
):
    opened = chromium.open(quarter / "report.html")
    opened.run("document.querySelector('#explorer-search').focus()")
    opened.type("aalbørg univ")  # any spelling of ø
    assert opened.text("#explorer-matches li:first-child") == "Aalborg University [sample]"
    opened.keys("Enter")
    assert opened.text("#explorer-panel h4") == "Aalborg University [sample]"
    assert opened.run("return document.activeElement.tagName") == "H4"
    told = [int(n) for n in re.findall(r"joint works: (\d+)", opened.text("#explorer-panel"))]
    assert len(told) == 8
    assert all(a >= b for a, b in pairwise(told))
    vintage = Project(sample_root).cache.vintages()[-1]
    names = dict(rows(vintage.read("institutions"), "institution_id", "name"))
    edges = vintage.read("edges").to_pandas().query("2022 <= year <= 2024")
    edges = edges[
        [
            names[a] == "Aalborg University [sample]" or names[b] == "Aalborg University [sample]"
            for a, b in zip(edges["source"], edges["target"], strict=True)
        ]
    ]
    assert edges.groupby(["source", "target"])["works_k"].sum().nlargest(8).tolist() == told


def test_a_name_that_is_nowhere_is_said_to_be_nowhere(chromium, small):
    opened = chromium.open(small[True])
    opened.set("#explorer-search", "Hogwarts", "input")
    assert opened.text("#explorer-found") == "No institution of this name is on the map."
    assert opened.count("#explorer-matches li") == 0


def test_a_flagged_pair_shows_its_works_as_the_evidence_has_them(chromium, quarter, sample_root):
    opened = chromium.open(quarter / "report.html")
    source, target = opened.run(
        "const data = JSON.parse(document.querySelector('#explorer-data').textContent), b = document.querySelector('#explorer-panel li button');"
        "b.click(); return data.pairs[b.dataset.pair].slice(0, 2).map(i => data.institutions[i][0]).sort()"
    )
    evidence = Project(sample_root).cache.vintages()[-1].read("evidence").to_pandas()
    mine = evidence[
        (evidence["source"] == source)
        & (evidence["target"] == target)
        & evidence["year"].between(2022, 2024)
    ]
    assert len(mine) > 5
    assert sorted(opened.all("#explorer-panel [data-work]", "data-work")) == sorted(
        set(mine["work_id"])
    )
    work = opened.text("#explorer-panel [data-work]:has(a)")
    assert re.fullmatch(
        r"SYNTHETIC SAMPLE .* 202\d\. W\d+ 10\.5555/[\w.]+.*: matched by OpenAlex id; whether it was on the list at publication .*",
        work,
    )
    assert all(
        re.fullmatch(r"https://doi\.org/10\.5555/\S+", a)
        for a in opened.all("#explorer-panel .works a", "href")
    )


def test_a_click_on_a_line_or_a_disc_opens_it(chromium, small):
    opened = chromium.open(small[True])
    opened.run("document.querySelector('#explorer-map').scrollIntoView({block: 'center'})")
    middle = "const e = document.querySelector(arguments[0]).getBoundingClientRect(); return [e.x + e.width / 2, e.y + e.height / 2]"
    opened.press(*opened.run(middle, "#explorer-map line.watchlist"))
    assert opened.text("#explorer-panel h4").startswith("Pair")
    assert "Beihang University" in opened.text("#explorer-panel")
    opened.press(*opened.run(middle, "#explorer-map circle.listed"))
    assert opened.text("#explorer-panel h4") == "Beihang University (CN)"


def test_the_map_zooms_and_moves(chromium, small):
    opened = chromium.open(small[True])
    view = "return document.querySelector('#explorer-map').getAttribute('viewBox').split(' ').map(Number)"
    whole = opened.run(view)
    opened.click("[data-zoom=in]")
    near = opened.run(view)
    assert near[2] == pytest.approx(whole[2] / 1.5, rel=1e-3)
    opened.run("document.querySelector('#explorer-map').focus()")
    opened.keys("ArrowRight")
    assert opened.run(view)[0] > near[0]
    opened.keys("0")
    assert opened.run(view) == pytest.approx(whole, rel=1e-3)


def test_what_others_wrote_stays_text(chromium, small):
    opened = chromium.open(small[True])
    choose_listed(opened)
    assert "</script><script>alert(1)</script>" in opened.text("#explorer-panel")
    assert "“Ø”" in HOSTILE
    assert opened.count("#explorer-panel script") == 0
    assert opened.complaints() == []


def test_a_chart_tells_its_points_and_hides_a_series(chromium, quarter):
    opened = chromium.open(quarter / "report.html")
    opened.run("document.querySelector('#coverage .chart.wide').focus()")
    opened.keys("ArrowRight", "ArrowDown")
    told = re.fullmatch(r"(.+), 2012: ([\d.]+%)", opened.text("#coverage .chart.wide .tip"))
    assert told
    row = opened.run(
        "return [...document.querySelectorAll('#coverage details tr')].find(r => r.cells[0].textContent === '2012').textContent"
    )
    assert told[2] in row
    shown = "return [...document.querySelectorAll('#coverage .wide svg g[data-series=\"0\"]')].map(g => getComputedStyle(g).display)"
    assert "none" not in opened.run(shown)
    opened.click("#coverage .series.wide button")
    assert set(opened.run(shown)) == {"none"}
    assert opened.all("#coverage .series.wide button", "aria-pressed") == ["false", "true"]


def test_keys_alone_reach_everything(chromium, small):
    opened = chromium.open(small[True])
    opened.run("document.querySelector('#explorer-search').focus()")
    reached = []
    for _ in range(9):
        reached.append(
            opened.run(
                "const e = document.activeElement; return e.id || e.dataset.zoom || (e.dataset.pair && 'pair') || e.tagName"
            )
        )
        opened.keys("Tab")
    assert reached == [
        "explorer-search",
        "explorer-cue",
        "explorer-window",
        "in",
        "out",
        "whole",
        "explorer-map",
        "explorer-panel",
        "pair",
    ]
    opened.run("document.querySelector('#explorer-panel li button').focus()")
    opened.keys("Enter")
    assert opened.count("#explorer-panel [data-work]") == 3
    opened.keys("Escape")
    assert opened.count("#explorer-panel [data-work]") == 0
    assert opened.text("#explorer-panel h4").startswith("Pairs with a review cue")


# -- what it never does


def test_everyones_page_holds_counts_and_no_work(chromium, small):
    opened = chromium.open(small[False])
    choose_listed(opened)
    assert "joint works: 2" in opened.text("#explorer-panel")
    assert opened.count("#explorer-panel [data-work], #explorer-panel a") == 0
    assert "coauth explain" not in opened.text("#explorer-panel")
    written = re.sub(
        r"data:image/png;base64,[^\"]*", "", opened.run("return document.documentElement.outerHTML")
    )
    assert not re.search(r"\bW\d|10\.1/|alert\(1\)|Of matters", written)


@pytest.mark.parametrize("name", ["report.html", "report.da.html"])
@pytest.mark.parametrize("size", [browser.DESKTOP, browser.PHONE], ids=["desktop", "phone"])
def test_the_page_is_quiet_and_fits(name, size, chromium, quarter):
    """No word in the console, no request, nothing wider than the window."""
    opened = chromium.open(quarter / name, size)
    assert (
        opened.run("return getComputedStyle(document.querySelector('.view'), '::after').content")
        == '"SYNTHETIC SAMPLE"'
    )
    for window in (0, 11):
        opened.set("#explorer-window", window, "input")
    opened.click("#explorer-panel li button")
    assert opened.run("return document.documentElement.scrollWidth") == size[0]
    assert opened.complaints() == []
    assert opened.requests() == []


@pytest.mark.parametrize(
    ("name", "size"),
    [("report.html", browser.DESKTOP), ("report.da.html", browser.PHONE)],
    ids=["desktop", "phone"],
)
def test_the_page_can_be_used_by_all(name, size, chromium, quarter, axe):
    """axe-core finds no serious or critical violation. It takes seconds, so each language is judged
    at one width.
    """
    opened = chromium.open(quarter / name, size)
    opened.click("#explorer-panel li button")
    assert opened.judge(axe) == []


def test_a_control_without_a_name_would_be_found(chromium, small, axe):
    opened = chromium.open(small[True])
    assert opened.judge(axe) == []
    opened.run("document.querySelector('label[for=explorer-cue]').remove()")
    assert [v[0] for v in opened.judge(axe)] == ["select-name"]


def test_the_page_may_not_ask_for_anything(chromium, small):
    """Its own rule forbids what a text smuggled into it could try; so the absence of requests above
    is no accident.
    """
    opened = chromium.open(small[True])
    opened.run(
        "const s = document.createElement('script'); s.textContent = 'window.ran = true'; document.body.append(s); new Image().src = 'https://example.org/x.png'; fetch('https://example.org/').catch(() => {})"
    )
    assert opened.run("return window.ran ?? false") is False
    refused = " ".join(opened.complaints())
    assert all(f"{kind}-src" in refused for kind in ("script", "img"))
    assert "Content Security Policy" in refused
    assert (
        "https://example.org/x.png" in opened.requests()
    )  # the attempt is seen, so none is seen above


def test_without_a_script_the_page_is_complete(chromium, quarter):
    """The figures, their numbers as tooltips, and every table; of the explorer one sentence."""
    opened = chromium.open(quarter / "report.html", script=False)
    seen = "return [...document.querySelectorAll(arguments[0])].filter(e => e.checkVisibility()).length"
    figures = opened.count("figure")
    assert figures >= 6
    assert opened.run(seen, "figure svg, figure > div > img") == figures
    assert opened.run(seen, ".explorer, .series") == 0
    assert opened.count("figure details table") >= 5
    assert opened.count("g.points title") > 100
    assert "With JavaScript switched on" in opened.text("#network noscript")


def test_paper_holds_the_pictures_and_no_controls(chromium, quarter):
    opened = chromium.open(quarter / "report.html")
    opened.click("#coverage .series.wide button")
    opened.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    shown = "return [...document.querySelectorAll(arguments[0])].some(e => e.checkVisibility())"
    assert not opened.run(shown, ".explorer, .series, .tip, input, button")
    assert opened.run(shown, "#network figure img")
    assert opened.run(
        "return [...document.querySelectorAll('#coverage .wide g.off')].every(g => getComputedStyle(g).display !== 'none')"
    )
    opened.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
