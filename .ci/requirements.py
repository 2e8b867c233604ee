"""Print what pip is to install, as pyproject.toml asks for it: torch, run, dev, ..."""

import sys
import tomllib
from pathlib import Path

project = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))
dependencies = project["project"]["dependencies"]
groups = {
    "torch": [line for line in dependencies if line.startswith("torch")],
    "run": dependencies,
    "dev": project["project"]["optional-dependencies"]["dev"],
    "without-dependencies": project["tool"]["annotate"]["without-dependencies"],
}
print("\n".join(groups[sys.argv[1]]))
