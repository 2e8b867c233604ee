"""The shape of the house: who may import whom, and how large a piece may get."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("projects", "labeling", "corpus", "inference", "annotate")
HEAVY = {"torch", "transformers", "tokenizers", "sklearn"}
LONGEST_FILE, LONGEST_FUNCTION, LONGEST_TEMPLATE = 400, 60, 200

sources = [
    path
    for room in ROOMS
    for path in sorted((ROOT / room).rglob("*.py"))
    if "migrations" not in path.parts
]
templates = sorted((ROOT / "templates").rglob("*.html"))


def named(path):
    return str(path.relative_to(ROOT))


def room_of(path):
    return path.relative_to(ROOT).parts[0]


def imported(path):
    """Every package a file imports, wherever in the file it does so."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module.split(".")[0]


def test_imports_go_one_way():
    backwards = [
        f"{named(path)} imports {package}"
        for path in sources
        for package in set(imported(path)) & set(ROOMS[ROOMS.index(room_of(path)) + 1 :])
    ]
    assert backwards == []


def test_only_inference_knows_models():
    knowing = [
        f"{named(path)} imports {package}"
        for path in sources
        for package in set(imported(path)) & HEAVY
        if room_of(path) != "inference"
    ]
    assert knowing == []


def test_the_product_does_not_import_its_tests():
    assert [named(path) for path in sources if "tests" in set(imported(path))] == []


def test_no_file_is_named_for_nothing():
    nothing = {"utils.py", "helpers.py", "misc.py", "common.py", "services.py"}
    assert [named(path) for path in sources if path.name in nothing] == []


def test_business_does_not_flow_through_signals():
    found = [
        named(path)
        for path in sources
        if "django.db.models.signals" in path.read_text() or "@receiver" in path.read_text()
    ]
    assert found == []


def test_files_and_functions_stay_readable():
    too_long = []
    for path in sources:
        text = path.read_text()
        if text.count("\n") > LONGEST_FILE:
            too_long.append(named(path))
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                if lines > LONGEST_FUNCTION:
                    too_long.append(f"{named(path)}:{node.name}")
    too_long += [named(p) for p in templates if p.read_text().count("\n") > LONGEST_TEMPLATE]
    assert too_long == []


def test_pages_hold_no_inline_script_style_or_handler():
    inline = re.compile(r"<style|\sstyle=\"|<script(?![^>]*\ssrc=)|\son[a-z]+=\"", re.IGNORECASE)
    assert [named(path) for path in templates if inline.search(path.read_text())] == []
