import subprocess
import sys

from grokterm.training.signals import ENDING, SAVING, start_child

SAY_AND_WAIT = "print('here', flush=True); print(input())"


def test_a_child_is_reached_by_no_signal_that_its_whole_group_may_get() -> None:
    with start_child([sys.executable, "-c", SAY_AND_WAIT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "here\n"
        assert len([*ENDING, *SAVING]) == 5
        for number in (*ENDING, *SAVING):
            child.send_signal(number)
        assert child.communicate("lives\n") == ("lives\n", None)
    assert child.returncode == 0


def test_the_parent_takes_its_signals_as_before() -> None:
    blocked = "import signal; print(signal.pthread_sigmask(signal.SIG_BLOCK, []))"
    script = f"from grokterm.training.signals import start_child; start_child(['true']).wait(); {blocked}"
    assert subprocess.check_output([sys.executable, "-c", script], text=True) == "set()\n"
