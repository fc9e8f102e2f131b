import matplotlib.pyplot as plt
import numpy as np


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


print(sigmoid(np.array([-1.0, 1.0, 2.0])))
x = np.arange(-5.0, 5.0, 0.1)
plt.plot(x, sigmoid(x))
plt.ylim(-0.1, 1.1)
plt.show()
