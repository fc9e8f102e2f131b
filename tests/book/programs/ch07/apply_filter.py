import numpy as np
import matplotlib.pyplot as plt
from simple_convnet import SimpleConvNet
from matplotlib.image import imread
from common.layers import Convolution

img = imread("../dataset/lena_gray.png")
img = img.reshape(1, 1, *img.shape)

network = SimpleConvNet()
network.load_params("params.pkl")

fig = plt.figure()
w_idx = 1
for i in range(16):
    w = network.params["W1"][i]
    b = 0
    w = w.reshape(1, *w.shape)
    conv_layer = Convolution(w, np.zeros(1))
    out = conv_layer.forward(img)
    out = out.reshape(out.shape[2], out.shape[3])
    ax = fig.add_subplot(4, 4, i + 1, xticks=[], yticks=[])
    ax.imshow(out, cmap=plt.cm.gray_r, interpolation="nearest")
plt.show()
