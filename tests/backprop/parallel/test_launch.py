import sys

import pytest

from backprop.parallel import launch, world


@pytest.fixture(autouse=True)
def nothing_is_said(monkeypatch):
    for name in (*launch.SIZES, "PMIX_RANK", "SLURM_STEP_NUM_TASKS"):
        monkeypatch.delenv(name, raising=False)


def test_one_process_is_alone_and_mpi4py_is_not_imported(monkeypatch):
    monkeypatch.setitem(sys.modules, "mpi4py", None)
    assert world() is None
    monkeypatch.setenv("PMI_SIZE", "1")
    assert world() is None
    monkeypatch.setenv("SLURM_STEP_NUM_TASKS", "8")  # a job that MPI has no part in
    assert launch.started() == 1


@pytest.mark.parametrize(
    "variables",
    [
        {"PMI_SIZE": "4"},
        {"OMPI_COMM_WORLD_SIZE": "4"},
        {"MV2_COMM_WORLD_SIZE": "4"},
        {"PMIX_RANK": "0", "SLURM_STEP_NUM_TASKS": "4"},
    ],
)
def test_several_need_mpi4py(monkeypatch, variables):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert launch.started() == 4
    monkeypatch.setitem(sys.modules, "mpi4py", None)
    with pytest.raises(ModuleNotFoundError, match="several processes need mpi4py: pip install"):
        world()
