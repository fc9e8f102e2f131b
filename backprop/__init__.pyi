# The public names of backprop. Read by type checkers, and by __init__.py when it is imported.

from . import (
    book as book,
    functions as functions,
    graph as graph,
    perceptron as perceptron,
    plotting as plotting,
)
from .datasets import (
    load_mnist as load_mnist,
    load_mnist_sample as load_mnist_sample,
)
from .finite import NotFiniteError as NotFiniteError
from .gradients import (
    GradientError as GradientError,
    assert_gradients as assert_gradients,
    gradcheck as gradcheck,
)
from .layers import (
    AddLayer as AddLayer,
    Affine as Affine,
    BatchNormalization as BatchNormalization,
    Convolution as Convolution,
    DivLayer as DivLayer,
    Dropout as Dropout,
    Elementwise as Elementwise,
    ExpLayer as ExpLayer,
    Flatten as Flatten,
    IdentityWithLoss as IdentityWithLoss,
    Layer as Layer,
    LayerNormalization as LayerNormalization,
    LogLayer as LogLayer,
    MatMul as MatMul,
    MulLayer as MulLayer,
    Pooling as Pooling,
    PowLayer as PowLayer,
    Relu as Relu,
    Sigmoid as Sigmoid,
    SigmoidWithLoss as SigmoidWithLoss,
    SoftmaxWithLoss as SoftmaxWithLoss,
    SubLayer as SubLayer,
    Tanh as Tanh,
)
from .networks import (
    DeepConvNet as DeepConvNet,
    MultiLayerNet as MultiLayerNet,
    MultiLayerNetExtend as MultiLayerNetExtend,
    Network as Network,
    SimpleConvNet as SimpleConvNet,
    TwoLayerNet as TwoLayerNet,
    summary as summary,
)
from .numerical import (
    gradient_descent as gradient_descent,
    numerical_diff as numerical_diff,
    numerical_gradient as numerical_gradient,
    numerical_gradient_2d as numerical_gradient_2d,
)
from .storage import (
    load_network as load_network,
    load_params as load_params,
    save_network as save_network,
    save_onnx as save_onnx,
    save_params as save_params,
)
from .training import (
    SGD as SGD,
    AdaGrad as AdaGrad,
    Adam as Adam,
    AdamW as AdamW,
    Augment as Augment,
    Checkpoints as Checkpoints,
    Cosine as Cosine,
    History as History,
    Momentum as Momentum,
    Nesterov as Nesterov,
    RMSprop as RMSprop,
    StepDecay as StepDecay,
    Trainer as Trainer,
    WarmUp as WarmUp,
)

__version__: str
