import matplotlib.pyplot as plt
import numpy as np


def step_function(x):
    return np.array(x > 0, dtype=int)


print(step_function(np.array([-1.0, 1.0, 2.0])))
x = np.arange(-5.0, 5.0, 0.1)
plt.plot(x, step_function(x))
plt.ylim(-0.1, 1.1)
plt.show()
