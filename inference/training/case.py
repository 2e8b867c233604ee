"""Case, for models whose tokenizer forgets it: told as the type of each token.

BERT has a vector for every type of token, which its makers used for the first and the second of two
texts. One text alone is all of the first type, so the others are free to say how a token was
written, and attention sees it in every layer. Who loads the folder without telling, reads all of it
as lower case.
"""

from __future__ import annotations

from typing import Any

from inference.engine import EngineError

PLAIN, TITLE, UPPER, MIXED = range(4)
KINDS = 4
FLAG = "case_as_token_type"
"""In a folder's config.json: its token types are these."""


def case_of(written: str) -> int:
    """How the characters of a token were written; one capital letter alone is a title."""
    letters = [of for of in written if of.isupper() or of.islower()]
    if not any(map(str.isupper, letters)):
        return PLAIN
    if letters[0].isupper() and all(map(str.islower, letters[1:])):
        return TITLE
    return UPPER if all(map(str.isupper, letters)) else MIXED


def tell(model: Any, tokenizer: Any) -> bool:
    """Make room for the kinds where the tokenizer forgets case and the model has types of tokens;
    says whether. Untaught, each means what the first type did.
    """
    import torch

    types = types_of(model)
    if types is None or not _forgets_case(tokenizer):
        return False
    wider = torch.nn.Embedding(KINDS, types.embedding_dim)
    wider.weight.data.copy_(types.weight.data[:1].expand(KINDS, -1))
    model.base_model.embeddings.token_type_embeddings = wider
    model.config.type_vocab_size = KINDS
    setattr(model.config, FLAG, True)
    return True


def is_told(model: Any) -> bool:
    """Whether its token types stand for case. Raises EngineError where it has none for that."""
    if getattr(model.config, FLAG, False) is not True:
        return False
    if getattr(types_of(model), "num_embeddings", 0) < KINDS:
        raise EngineError(f"Its config.json has {FLAG}, and its weights have no {KINDS} types.")
    return True


def types_of(model: Any) -> Any:
    """The layer of token types; None where there is none."""
    embeddings = getattr(model.base_model, "embeddings", None)
    return getattr(embeddings, "token_type_embeddings", None)


def _forgets_case(tokenizer: Any) -> bool:
    return bool(tokenizer.encode("Ada ADA").ids == tokenizer.encode("ada ada").ids)
