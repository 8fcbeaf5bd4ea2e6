from collections.abc import Iterator

import pytest

from grokterm.session.commands import Pause
from tests.session.driving import Driver
from tests.session.remote.serving import Served


@pytest.fixture
def served(driver: Driver) -> Iterator[Served]:
    """A new run, paused at step 0 and served."""
    driver.tell(Pause())
    served = Served(driver)
    yield served
    served.close()
