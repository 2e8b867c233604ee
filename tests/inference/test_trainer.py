"""A step of transformers.Trainer from here: nothing of ours stands before its packages."""

from __future__ import annotations

import importlib.util
import subprocess
import sys

import pytest

from tests.system.server import ROOT

STEP = """
import torch
from transformers import BertConfig, BertForSequenceClassification, Trainer, TrainingArguments

torch.manual_seed(0)
config = BertConfig(
    vocab_size=50, hidden_size=16, num_hidden_layers=1, num_attention_heads=2,
    intermediate_size=32, num_labels=2,
)
rows = [{"input_ids": [2, 5 + n, 3], "labels": n % 2} for n in range(4)]
arguments = TrainingArguments(
    output_dir=OUTPUT, max_steps=1, per_device_train_batch_size=4, report_to=[],
    use_cpu=True, save_strategy="no", disable_tqdm=True, dataloader_num_workers=0,
)
trainer = Trainer(BertForSequenceClassification(config), arguments, train_dataset=rows)
before = trainer.model.classifier.weight.detach().clone()
trainer.train()
assert trainer.state.global_step == 1
assert not torch.equal(before, trainer.model.classifier.weight)
print("trained")
"""


@pytest.mark.slow
def test_a_trainer_steps_from_the_repository_root(tmp_path):
    code = STEP.replace("OUTPUT", repr(str(tmp_path)))

    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout.strip().endswith("trained")


def test_no_package_of_ours_is_called_datasets():
    found = importlib.util.find_spec("datasets")

    assert found is None or "site-packages" in str(found.origin)
