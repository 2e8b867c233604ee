"""Benchmarks. As in the product's settings, numpy keeps to one thread."""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
