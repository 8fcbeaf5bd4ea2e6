import os
import pty
import shutil
import subprocess
from importlib.resources import files

import pytest

from tests.cli.process import SECONDS, Here, assert_refused, command_line, environment
from tests.test_manual import commands

ENGINES = (files("grokterm") / "help" / "engines.md").read_text("utf-8")


def test_the_topics_are_listed_with_their_headings(here: Here) -> None:
    outcome = here("help")
    assert (outcome.code, outcome.err) == (0, "")
    lines = {line.split()[0]: line for line in outcome.out.splitlines()}
    assert {"engines", "metrics", "settings", "views"} <= lines.keys()
    assert ENGINES.splitlines()[0].removeprefix("# ") in lines["engines"]


def test_a_page_goes_into_a_pipe_as_it_was_written(here: Here) -> None:
    outcome = here("help", "engines")
    assert (outcome.code, outcome.out, outcome.err) == (0, ENGINES, "")


def test_a_page_for_man_explains_every_command_and_option(here: Here) -> None:
    outcome = here("help", "man")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.startswith(".TH GROKTERM 1 ")
    for name, options in commands().items():
        section = outcome.out.partition(f".SS grokterm {name}\n" if name else ".SH DESCRIPTION\n")[2].partition("\n.SS ")[0]
        assert section, name
        shown = here(*name.split(), "--help").out
        for option in (one for one in options - {"--help"} if one in shown):
            assert option.replace("-", r"\-") in section, (name, option)
    if (man := shutil.which("man")) is not None:
        pager = environment(MANPAGER="cat")
        command = [man, "--warnings", "-l", "-"]
        paged = subprocess.run(command, input=outcome.out, env=pager, capture_output=True, text=True, check=True)
        assert paged.stderr == ""
        assert "grokterm run --resume -" in paged.stdout


def test_a_page_is_rendered_and_paged_on_a_terminal() -> None:
    ours, theirs = pty.openpty()
    variables = environment(PAGER="sed s/^/paged:/", TERM="xterm-256color", LESS="")
    process = subprocess.Popen(command_line("help", "engines"), stdin=theirs, stdout=theirs, env=variables)
    os.close(theirs)
    shown = b""
    try:
        while part := os.read(ours, 4096):
            shown += part
    except OSError:  # how Linux says that the other end is closed
        pass
    os.close(ours)
    assert process.wait(timeout=SECONDS) == 0
    assert all(line.startswith(b"paged:") for line in shown.splitlines())
    assert b"\x1b[" in shown
    assert b"`auto`" not in shown


@pytest.mark.parametrize(
    ("topic", "words"),
    [
        ("engine", "did you mean 'engines'?"),
        ("verify", "`grokterm verify --help` explains the command"),
        ("zzz", "`grokterm help` lists the topics"),
    ],
)
def test_an_unknown_topic_is_refused_with_what_comes_nearest(topic: str, words: str, here: Here) -> None:
    assert_refused(here("help", topic), repr(topic), words)
