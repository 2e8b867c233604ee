"""The mean of a text as one more layer of a BERT."""

from __future__ import annotations

import pytest
import torch
import transformers

from inference.training.mean_layer import add_mean_layer

SIZES = {
    "vocab_size": 60,
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 48,
}


def made(kind: str):
    with torch.random.fork_rng():
        torch.manual_seed(3)
        config = transformers.AutoConfig.for_model(kind, **SIZES)
        return transformers.AutoModelForSequenceClassification.from_config(config).eval()


@pytest.mark.parametrize("kind", ["bert", "roberta"])
def test_the_first_token_holds_the_mean_of_all_that_are_not_padding(kind):
    model = made(kind)
    ids = torch.tensor([[5, 9, 14, 20, 33], [6, 8, 7, 1, 1]])
    mask = torch.tensor([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0]])
    with torch.inference_mode():
        states = model.base_model(input_ids=ids, attention_mask=mask).last_hidden_state
    mean = (states * mask.unsqueeze(-1)).sum(dim=1) / mask.sum(dim=1, keepdim=True)

    assert add_mean_layer(model)

    with torch.inference_mode():
        first = model.base_model(input_ids=ids, attention_mask=mask).last_hidden_state[:, 0]
    normed = torch.nn.functional.layer_norm(mean, mean.shape[1:])
    assert torch.cosine_similarity(first, normed).min() > 0.99
    assert torch.cosine_similarity(states[:, 0], mean).max() < 0.99


def test_the_folder_loads_as_a_plain_model(tmp_path):
    model = made("bert")
    add_mean_layer(model)
    model.save_pretrained(tmp_path)

    again = transformers.AutoModelForSequenceClassification.from_pretrained(tmp_path).eval()

    ids = torch.tensor([[5, 9, 14]])
    with torch.inference_mode():
        assert torch.allclose(model(input_ids=ids).logits, again(input_ids=ids).logits, atol=1e-6)
    assert again.config.num_hidden_layers == 3


@pytest.mark.parametrize("kind", ["distilbert", "mpnet", "roberta-prelayernorm"])
def test_an_encoder_of_other_parts_is_left_as_it_is(kind):
    model = made(kind)
    names = set(dict(model.named_parameters()))

    assert not add_mean_layer(model)

    assert set(dict(model.named_parameters())) == names
