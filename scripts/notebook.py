"""Execute the notebook docs/lesson.ipynb in a kernel of this Python and store its outputs in the file."""

import argparse
import os
import sys
import tempfile
from pathlib import Path

import nbformat
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient

LESSON = Path(__file__).parents[1] / "docs" / "lesson.ipynb"
# Runs in the kernel before the first cell, so that TensorFlow's start-up messages are not stored.
QUIETLY = "--IPKernelApp.exec_lines=import quiet_tensorflow"


def main(arguments: list[str] | None = None) -> int:
    """Run the notebook and return the exit code 0; an error in a cell ends the program with a traceback and code 1."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--output", type=Path, default=LESSON, help="file to write the executed notebook to (default: %(default)s)"
    )
    options = parser.parse_args(arguments)
    notebook = nbformat.read(LESSON, as_version=4)
    run(notebook)
    nbformat.write(notebook, options.output)
    return 0


def run(notebook: nbformat.NotebookNode) -> None:
    """Execute the notebook in place, in a kernel isolated from this user's Jupyter settings."""
    kernels = KernelSpecManager(kernel_dirs=[])  # no installed kernel, only that of this Python
    with tempfile.TemporaryDirectory() as folder:
        sockets = str(Path(folder, "kernel.json"))  # sockets in this folder: the kernel opens no port
        client = NotebookClient(
            notebook,
            km=AsyncKernelManager(kernel_spec_manager=kernels, transport="ipc", connection_file=sockets),
            timeout=300,
            coalesce_streams=True,
            record_timing=False,
            extra_arguments=[QUIETLY],
            resources={"metadata": {"path": folder}},
        )
        settings = {"IPYTHONDIR": folder, "PYTHONPATH": str(Path(__file__).parent)}
        client.execute(env=os.environ | settings, cleanup_kc=True)
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }


if __name__ == "__main__":
    sys.exit(main())
