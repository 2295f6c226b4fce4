"""Notebooks of the examples with what their cells print, and that as a text beside each:
notebooks.py FOLDER EXAMPLE.py...

The text is what the example prints as a script, so that it need not run as one, too. An example is a
docstring and cells, each behind a line `# %%` or `# %% What it is about`. The run ends with the first
cell that raises.
"""

from __future__ import annotations

import ast
import os
import re
import sys
import tempfile
from pathlib import Path

import nbformat.v4 as v4
from nbclient import NotebookClient
from nbformat import NotebookNode
from traitlets.config import Config


def notebook_of(source: str) -> NotebookNode:
    head, *rest = re.split(r"^# %%(.*)\n", source, flags=re.MULTILINE)
    if not rest:
        raise ValueError("an example needs cells, which begin with a line # %%")
    # Anything else before the first cell is no literal, and raises.
    title, _, text = ast.literal_eval(head.strip()).partition("\n")
    cells = [v4.new_markdown_cell(f"# {title.rstrip('.')}\n{text}".strip())]
    for about, code in zip(rest[::2], rest[1::2], strict=True):
        if about.strip():
            cells.append(v4.new_markdown_cell(about.strip()))
        cells.append(v4.new_code_cell(code.strip()))
    for number, cell in enumerate(cells):
        cell.id = f"cell-{number}"  # the same file again, where nothing has changed
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})


def printed(notebook: NotebookNode) -> str:
    """What cells print, without what shows as a table: a script has none."""
    return "".join(
        output.text
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if output.output_type == "stream" and output.name == "stdout"
    )


def main(folder: str, *examples: str) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        # Neither the settings nor the history of who builds.
        for name in ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR"):
            os.environ[name] = scratch
        # Sockets in a folder that none but the builder can enter, instead of open ports.
        private = Config(KernelManager={"transport": "ipc", "ip": f"{scratch}/kernel"})
        for example in map(Path, examples):
            notebook = notebook_of(example.read_text())
            NotebookClient(
                notebook, timeout=600, record_timing=False, config=private,
                resources={"metadata": {"path": scratch}},
            ).execute()
            written = v4.writes(notebook)
            (Path(folder) / f"{example.stem}.ipynb").write_text(written + "\n")
            (Path(folder) / f"{example.stem}.txt").write_text(printed(notebook))


if __name__ == "__main__":
    main(*sys.argv[1:])
