"""How progress looks: a bar on a terminal, now and then a line in a log, nothing when quiet."""

import io
import logging

from coauth.cli import progress
from coauth.cli.progress import Bar
from coauth.progress import Stage


class Terminal(io.StringIO):
    def isatty(self):
        return True


def run(*, quiet=False):
    """Two stages, one of which says how long it will take."""
    seconds = iter(range(100)).__next__
    with Bar(quiet) as bar:
        files = Stage(bar, "read", "files", 4, even=True, clock=seconds)
        for name in "abcd":
            files.add(1, name)
        logging.getLogger("coauth").warning("between two stages")
        Stage(bar, "export", "steps", clock=seconds).add(1)


def on_terminal(monkeypatch, **how):
    """What a terminal is sent."""
    monkeypatch.setattr("sys.stderr", screen := Terminal())
    run(**how)
    return screen.getvalue()


def test_a_terminal_shows_a_bar_for_each_stage(monkeypatch):
    drawn = on_terminal(monkeypatch)
    assert "read: 1 of 4 files in 0:01, about 0:03 left: a" in drawn
    assert "read: 4 of 4 files in 0:04: d" in drawn
    assert "export: 1 steps in 0:01" in drawn
    assert drawn.index("read: 4 of 4") < drawn.index("export")


def test_a_log_has_plain_lines(monkeypatch, caplog):
    """One now and then: none of a command that is over before."""
    caplog.set_level(logging.INFO, "coauth")
    run()
    assert caplog.messages == ["between two stages"]
    monkeypatch.setattr(progress, "_EVERY", -1.0)
    run()
    assert caplog.messages[1:4] == [
        "read: 1 of 4 files in 0:01, about 0:03 left: a",
        "read: 2 of 4 files in 0:02, about 0:02 left: b",
        "read: 3 of 4 files in 0:03, about 0:01 left: c",
    ]


def test_quiet_is_quiet(monkeypatch, caplog):
    assert on_terminal(monkeypatch, quiet=True) == ""
    assert caplog.messages == ["between two stages"]
