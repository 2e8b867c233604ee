from corpus.models.dataset_version import DatasetVersion

__all__ = ["DatasetVersion"]
