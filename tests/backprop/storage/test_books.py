import numpy as np
import pytest

from backprop import Network, Relu, SimpleConvNet, Trainer, TwoLayerNet, save_network, save_params
from backprop.storage.books import load_books_network


@pytest.mark.needs_values
def test_a_file_of_parameters_alone_gives_the_network_where_it_is_asked(case, tmp_path):
    net = SimpleConvNet(hidden_size=7, backend="cpu", seed=3)
    save_params(tmp_path / "params.safetensors", net.params)
    found = load_books_network(
        tmp_path / "params.safetensors", backend=case.backend, dtype="float32"
    )
    assert type(found) is SimpleConvNet
    assert found.backend == case.backend
    assert list(found.params) == list(net.params)
    for name, own in found.params.items():
        np.testing.assert_array_equal(case.backend.to_numpy(own), net.params[name])


@pytest.mark.parametrize("save", [save_network, lambda path, net: save_params(path, net.params)])
def test_other_files_are_none(case, tmp_path, save):
    save(tmp_path / "net", TwoLayerNet(4, 3, 2, backend="cpu", seed=0))
    assert load_books_network(tmp_path / "net", backend=case.backend) is None


def test_a_checkpoint_is_none_whatever_its_layers(case, tmp_path):
    class Own(Relu):
        pass

    net = SimpleConvNet(hidden_size=7, backend="cpu", seed=3)
    own = Network({**net.layers, "Relu1": Own()}, net.last_layer)
    Trainer(own).save(tmp_path / "checkpoint")
    assert load_books_network(tmp_path / "checkpoint", backend=case.backend) is None
