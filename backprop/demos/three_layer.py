"""Forward pass through a network of three layers, layer by layer (section 3.4)."""

from backprop import Network, graph
from backprop.demos.settings import Settings

PARAMS = {
    "W1": [[0.1, 0.3, 0.5], [0.2, 0.4, 0.6]],
    "b1": [0.1, 0.2, 0.3],
    "W2": [[0.1, 0.4], [0.2, 0.5], [0.3, 0.6]],
    "b2": [0.1, 0.2],
    "W3": [[0.1, 0.3], [0.2, 0.4]],
    "b3": [0.1, 0.2],
}


def run(settings: Settings) -> None:
    """Print what comes out of each layer, the network's answer at last; draw the network."""
    net = Network.from_params(PARAMS, "sigmoid", backend=settings.backend)
    x = settings.backend.asarray([1.0, 0.5])
    print(f"{'x':9}", settings.backend.to_numpy(x))
    for name, layer in net.layers.items():
        x = layer.forward(x)
        print(f"{name:9}", settings.backend.to_numpy(x))
    if settings.out:
        settings.save(graph.draw(net, settings.backend.asarray([[1.0, 0.5]])), "three-layer.svg")
