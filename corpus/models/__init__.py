from corpus.models.dataset import DatasetVersion
from corpus.models.export import Answers, Export
from corpus.models.imports import BadRows, Import, ImportProblem, ImportState
from corpus.models.redaction import Redaction
from corpus.models.staged import ImportedPrediction, StagedAnswers

__all__ = [
    "Answers",
    "BadRows",
    "DatasetVersion",
    "Export",
    "Import",
    "ImportProblem",
    "ImportState",
    "ImportedPrediction",
    "Redaction",
    "StagedAnswers",
]
