from corpus.models.dataset import DatasetVersion
from corpus.models.export import Export
from corpus.models.imports import BadRows, Import, ImportProblem, ImportState
from corpus.models.staged import ImportedPrediction, StagedAnswers

__all__ = [
    "BadRows",
    "DatasetVersion",
    "Export",
    "Import",
    "ImportProblem",
    "ImportState",
    "ImportedPrediction",
    "StagedAnswers",
]
