"""The notebook of the quick start runs, and shows what it says."""

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from backprop import plotting

DOCS = Path(__file__).parents[2] / "docs"
PATH = DOCS / "quick-start.ipynb"

pytestmark = pytest.mark.filterwarnings("default")  # Jupyter's own, which differ by system


@pytest.mark.parametrize("path", sorted(DOCS.glob("*.ipynb")), ids=lambda path: path.stem)
def test_it_is_kept_without_outputs(path):
    for cell in nbformat.read(path, as_version=4).cells:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    """Return what each cell of code shows: its source, and its outputs by kind."""
    folder = tmp_path_factory.mktemp("notebook")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OPENBLAS_NUM_THREADS", "1")  # small products are slower in several threads
        notebook = nbformat.read(PATH, as_version=4)
        NotebookClient(notebook, timeout=300, resources={"metadata": {"path": folder}}).execute()
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def test_the_gallery_runs_and_shows_every_kind_of_picture(tmp_path):
    notebook = nbformat.read(DOCS / "gallery.ipynb", as_version=4)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OPENBLAS_NUM_THREADS", "1")
        NotebookClient(notebook, timeout=300, resources={"metadata": {"path": tmp_path}}).execute()
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    kinds = [kind for cell in cells for output in cell.outputs for kind in output.data]
    assert kinds.count("image/svg+xml") == 3
    assert kinds.count("image/png") == len(cells) - 4  # three graphs, and the history
    for name in plotting.__all__:
        assert name in ("new_axes", "save") or any(f"{name}(" in cell.source for cell in cells)


def of(shown, source):
    """Return the data of what the cell with a source shows."""
    (cell,) = [cell for cell in shown if source in cell.source]
    assert all(output.output_type != "stream" for output in cell.outputs), cell.outputs
    return [output.data for output in cell.outputs]


def test_every_cell_shows_something(shown):
    assert all(cell.outputs for cell in shown)


@pytest.mark.parametrize("call", ["digits(x_train[:20]", "digits(x_test[:30]", "confusion_matrix("])
def test_plots_are_pictures(shown, call):
    (data,) = of(shown, call)
    assert data["image/png"].startswith("iVBORw0KGgo")


def test_the_network_is_a_table(shown):
    (data,) = of(shown, "TwoLayerNet(784, 50, 10")
    assert "<td>Affine1</td>" in data["text/html"]
    assert "39,760 parameters" in data["text/html"]


def test_the_drawing_fits_the_cell(shown):
    (data,) = of(shown, "graph.draw(")
    assert '<svg style="max-width: 100%; height: auto" ' in data["image/svg+xml"]


def test_training_shows_a_bar_and_the_curves(shown):
    bar, history = of(shown, "trainer.fit(")
    assert '<progress value="1000" max="1000"' in bar["text/html"]
    assert "History(1,000 iterations, 10 epochs" in history["text/plain"]
    assert "data:image/png;base64,iVBORw0KGgo" in history["text/html"]


def test_it_learns_and_the_gradient_is_right(shown):
    (before,) = of(shown, "net.accuracy(")
    assert 0.05 < float(before["text/plain"]) < 0.2
    _, history = of(shown, "trainer.fit(")
    assert "test 8" in history["text/plain"] or "test 9" in history["text/plain"]
    (report,) = of(shown, "gradcheck(small")
    assert "full: ok" in report["text/html"]
