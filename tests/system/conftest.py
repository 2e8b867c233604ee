from __future__ import annotations

import pytest

from tests.system.inside import Inside
from tests.system.killing import Killer
from tests.system.server import System


@pytest.fixture
def system(tmp_path):
    system = System(tmp_path)
    try:
        system.manage("migrate", "--verbosity", "0")
        yield system
    finally:
        system.end()


@pytest.fixture
def inside(system):
    inside = Inside(system)
    yield inside
    inside.end()


@pytest.fixture
def killer(system, inside):
    return Killer(system, inside)
