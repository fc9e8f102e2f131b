import numpy as np
import pytest

from backprop import SimpleConvNet, load_network, save_params


@pytest.mark.needs_values
def test_a_file_of_parameters_alone_gives_the_network_where_it_is_asked(case, tmp_path):
    net = SimpleConvNet(hidden_size=7, backend="cpu", seed=3)
    save_params(tmp_path / "params.safetensors", net.params)
    found = load_network(tmp_path / "params.safetensors", backend=case.backend)
    assert type(found) is SimpleConvNet
    assert found.backend == case.backend
    assert list(found.params) == list(net.params)
    for name, own in found.params.items():
        np.testing.assert_array_equal(case.backend.to_numpy(own), net.params[name])


@pytest.mark.parametrize("name", ["W2", "b3"])
def test_parameters_of_other_shapes_are_refused(tmp_path, name):
    params = SimpleConvNet(hidden_size=7, backend="cpu", seed=3).params
    path = tmp_path / "params.safetensors"
    save_params(path, {**params, name: np.ones((5, 7), np.float32)})
    with pytest.raises(ValueError, match=f"^{path} must describe a network .*{name}` must have"):
        load_network(path)


def test_its_activation_is_relu(tmp_path):
    save_params(tmp_path / "params", SimpleConvNet(hidden_size=7, backend="cpu", seed=3).params)
    assert type(load_network(tmp_path / "params", activation="relu")) is SimpleConvNet
    with pytest.raises(ValueError, match="`activation` must be relu, as .* says; got tanh"):
        load_network(tmp_path / "params", activation="tanh")
