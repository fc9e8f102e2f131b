import matplotlib.pyplot as plt
import numpy as np


def relu(x):
    return np.maximum(0, x)


x = np.arange(-5.0, 5.0, 0.1)
plt.plot(x, relu(x))
plt.ylim(-1.0, 5.5)
plt.show()
