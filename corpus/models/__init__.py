from corpus.models.dataset import DatasetVersion
from corpus.models.export import Answers, Export
from corpus.models.imports import BadRows, Import, ImportProblem, ImportState
from corpus.models.redaction import Redaction
from corpus.models.staged import ImportedPrediction, StagedAnswers
from corpus.models.tag import DatasetTag, DatasetTagMove

__all__ = [
    "Answers",
    "BadRows",
    "DatasetTag",
    "DatasetTagMove",
    "DatasetVersion",
    "Export",
    "Import",
    "ImportProblem",
    "ImportState",
    "ImportedPrediction",
    "Redaction",
    "StagedAnswers",
]
