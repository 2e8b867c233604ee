"""kill -9 while a model learns, while its checkpoint is written, while its files are stored."""

from __future__ import annotations

import random

import pytest

from tests.system.killing import KILLS, once_there_is


@pytest.fixture
def system(system):
    encoder = str(system.folder / "encoder")
    system.settings = {
        "ENCODER": encoder,
        "TRAINING_CHECKPOINT_SECONDS": "1",
        "TORCH_THREADS": "1",
    }
    return system


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_a_training_that_is_killed_comes_to_the_same_model_once(system, inside, killer):
    inside("training.seed")
    unkilled = inside("training.begin")
    killer.let_run(unkilled)

    shares = (random.uniform(0, 0.9) for _ in range(KILLS))
    moments = [killer.after_share(share) for share in sorted(shares)]
    jobs = killer.strike_at(
        [*moments, once_there_is("files/models/*/*", system)], lambda: inside("training.begin")
    )

    made = inside("training.made")
    assert [version["job"] for version in made] == [unkilled, *jobs]
    assert {version["weights"] for version in made} == {made[0]["weights"]}
    assert {version["stage"] for version in made} == {"challenger"}
    assert inside("storage.strays") == []
