"""What a person pastes from coauth/docs/schedule.md works: read by systemd itself, as YAML, and run by
a shell.
"""

import os
import re
import shutil
import subprocess
import sys

import pytest
import yaml

from tests.support.commands import CHECKOUT, project

PAGE = (CHECKOUT / "coauth" / "docs" / "schedule.md").read_text("utf-8")
KEEPING = "0 4 * * 1,4"

needs_systemd = pytest.mark.skipif(
    not shutil.which("systemd-analyze") and os.environ.get("CI") != "true",
    reason="systemd-analyze is not here",
)


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.S)


def server(tmp_path):
    """The server the page speaks of, below `tmp_path`: project, key, and a Python that does not
    work but tells what it was given.
    """
    root = project(tmp_path / "srv" / "denmark")
    (root / "reports").mkdir()
    shutil.copy(CHECKOUT / "reports" / "quarterly.py", root / "reports")
    python = root / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\necho "$PWD|$OPENALEX_API_KEY|$*" && test -f "$1"\n')
    python.chmod(0o755)
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "coauth.env").write_text(blocks("sh")[0].replace("…", "a key"[-3:]))
    return root


def here(text, tmp_path):
    return text.replace("/srv/denmark", f"{tmp_path}/srv/denmark").replace(
        "/etc/coauth.env", f"{tmp_path}/etc/coauth.env"
    )


def times(line):
    """Minute, hour, day, month and weekday of a crontab line, each a number in its range, or any."""
    ranges = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
    fields = line.split()[:5]
    for field, (low, high) in zip(fields, ranges, strict=True):
        assert field == "*" or all(low <= int(n) <= high for n in field.split(",")), line
    return fields


def test_the_cron_line_runs_the_script_with_the_key(tmp_path):
    """As cron would: in the project's folder, with the key in the environment, what it says in the
    log.
    """
    root = server(tmp_path)
    line = blocks("crontab")[0].strip()
    *_, month, weekday = times(line)
    assert (month, weekday) == ("1,4,7,10", "*")
    _, user, command = re.fullmatch(r"((?:\S+ ){5})(\S+) (.*)", line).groups()
    assert user == "coauth"
    assert "%" not in command, "cron ends a command there"
    done = subprocess.run(
        ["/bin/sh", "-c", here(command, tmp_path)],
        capture_output=True,
        text=True,
        check=True,
        env={"PATH": os.environ["PATH"]},
    )
    assert done.stdout == ""
    assert (root / "reports" / "quarterly.log").read_text() == f"{root}|key|reports/quarterly.py\n"


@needs_systemd
def test_systemd_accepts_the_units(tmp_path):
    """Both units are verified without a word, with the paths of the page made to exist."""
    server(tmp_path)
    service, timer = blocks("ini")
    (tmp_path / "coauth.service").write_text(
        here(service, tmp_path).replace("User=coauth", "User=root")
    )
    (tmp_path / "coauth.timer").write_text(timer)
    units = [str(tmp_path / f"coauth.{kind}") for kind in ("service", "timer")]
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *units],
        capture_output=True,
        text=True,
        check=False,
    )
    assert [line for line in (done.stdout + done.stderr).splitlines() if "coauth" in line] == []
    assert done.returncode == 0, done.stderr


@needs_systemd
def test_the_timer_comes_once_a_quarter():
    """The next four times are in the first months of four quarters."""
    calendar = re.search(r"OnCalendar=(.*)", blocks("ini")[1])[1]
    done = subprocess.run(
        ["systemd-analyze", "calendar", "--iterations=4", calendar],
        capture_output=True,
        text=True,
        check=True,
    )
    found = re.findall(
        r"(?:Next elapse|Iter\. #\d|Iteration #\d): \w+ \d{4}-(\d\d)-(\d\d)", done.stdout
    )
    assert sorted(m for m, _ in found) == ["01", "04", "07", "10"]


@pytest.fixture(scope="module")
def workflow():
    return yaml.safe_load(blocks("yaml")[0])


def test_the_workflow_is_what_github_reads(workflow):
    """Nights of a quarter and runs that keep the cache; the key only as a secret, and only for the
    step that needs it.
    """
    crons = [s["cron"] for s in workflow[True]["schedule"]]  # YAML 1.1 reads `on` as true
    assert [times(c)[3] for c in crons] == ["1,4,7,10", "*"]
    assert crons[1] == KEEPING
    assert workflow["permissions"] == {"contents": "read"}
    (job,) = workflow["jobs"].values()
    keyed = [s for s in job["steps"] if "OPENALEX_API_KEY" in str(s)]
    assert [s["env"] for s in keyed] == [{"OPENALEX_API_KEY": "${{ secrets.OPENALEX_API_KEY }}"}]
    assert sum("OPENALEX_API_KEY" in line for line in blocks("yaml")[0].splitlines()) == 1
    assert keyed[0]["timeout-minutes"] < job["timeout-minutes"], "time to keep what was harvested"


def test_the_workflow_keeps_the_cache_and_hands_on_the_report(workflow):
    """Restored and saved under one name, the saving also after a failure; runs that keep it do
    nothing else.
    """
    (job,) = workflow["jobs"].values()
    restore, save, upload = (
        next(s for s in job["steps"] if s.get("uses", "").startswith(f"actions/{name}@"))
        for name in ("cache/restore", "cache/save", "upload-artifact")
    )
    assert (restore["with"]["path"], restore["with"]["key"]) == (
        save["with"]["path"],
        save["with"]["key"],
    )
    assert restore["with"]["key"].startswith(restore["with"]["restore-keys"])
    assert save["if"].startswith("${{ !cancelled()")
    assert upload["with"]["path"] == "reports/*/"
    idle = [s for s in job["steps"] if KEEPING not in s.get("if", "")]
    assert [s["uses"].split("@")[0] for s in idle] == ["actions/checkout", "actions/cache/restore"]


def test_the_commands_of_the_workflow_are_real(workflow):
    """The script is where it says, and has the option the page names."""
    (job,) = workflow["jobs"].values()
    (step,) = [s for s in job["steps"] if "run" in s]
    assert step["run"].splitlines() == ["pip install .", "python reports/quarterly.py"]
    script = CHECKOUT / "reports" / "quarterly.py"
    helped = subprocess.run(
        [sys.executable, str(script), "--help"], capture_output=True, text=True, check=True
    )
    assert "--sample" in helped.stdout


def test_a_failure_is_one_line_and_exit_code_one(tmp_path):
    """Without a key: what cron mails and systemd counts."""
    server(tmp_path)
    clean = {
        k: v for k, v in os.environ.items() if not k.startswith(("OPENALEX", "COAUTH_OPENALEX"))
    }
    done = subprocess.run(
        [sys.executable, str(tmp_path / "srv/denmark/reports/quarterly.py")],
        capture_output=True,
        text=True,
        check=False,
        env=clean,
    )
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("quarterly report not written: a harvest costs more")
