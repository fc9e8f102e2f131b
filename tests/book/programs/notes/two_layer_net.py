from collections import OrderedDict

import numpy as np
from common.layers import *
from dataset.mnist import load_mnist


class TwoLayerNet:
    __slots__ = ("last_layer", "layers", "params")

    def __init__(self, input_size, hidden_size, output_size, weight_std=0.01):
        self.params = {
            "W1": weight_std * np.random.randn(input_size, hidden_size),
            "b1": weight_std * np.random.randn(hidden_size),
            "W2": weight_std * np.random.randn(hidden_size, output_size),
            "b2": weight_std * np.random.randn(output_size),
        }
        self.layers = OrderedDict()
        self.layers["Affine1"] = Affine(self.params["W1"], self.params["b1"])
        self.layers["Relu1"] = Relu()
        self.layers["Affine2"] = Affine(self.params["W2"], self.params["b2"])
        self.last_layer = SoftmaxWithLoss()

    def predict(self, x):
        for layer in self.layers.values():
            x = layer.forward(x)
        return x

    def loss(self, x, t):
        return self.last_layer.forward(self.predict(x), t)

    def accuracy(self, x, t):
        return np.mean(np.argmax(self.predict(x), axis=1) == t)

    def gradient(self, x, t):
        self.loss(x, t)
        dout = self.last_layer.backward(1)
        for layer in reversed(self.layers.values()):
            dout = layer.backward(dout)
        first, second = self.layers["Affine1"], self.layers["Affine2"]
        return {"W1": first.dW, "b1": first.db, "W2": second.dW, "b2": second.db}


(x_train, t_train), (x_test, t_test) = load_mnist()
network = TwoLayerNet(784, 50, 10)
iters_num = 10000
batch_size = 100
epoch = len(x_train) // batch_size
test_acc_list = []

for i in range(iters_num):
    mask = np.random.choice(len(x_train), batch_size)
    grad = network.gradient(x_train[mask], t_train[mask])
    for key in ("W1", "b1", "W2", "b2"):
        network.params[key] -= 0.1 * grad[key]
    if i % epoch == 0:
        test_acc_list.append(network.accuracy(x_test, t_test))
        print(test_acc_list[-1])
