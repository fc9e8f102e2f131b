"""Styles: pairs, closures, and what libraries have for backward passes written by hand."""

from backends import namespace
from tests.backprop.gradients.foreign.foreign import d_tanh, style, tanh

ALL = "x W b"


@style("x", without="stale")
def pair_of_f_and_gradient(e, a):
    def f(x):
        return namespace(x).sum(x**3)

    def grad_f(x):
        return e("x", 3 * x**2)

    return (f, grad_f), (a.x,)


@style("x", without="stale")
def pair_by_elements(e, a):
    return (lambda x: namespace(x).exp(x), lambda x: e("x", namespace(x).exp(x))), (a.x,)


@style("x y", without="stale")
def pair_of_two_arguments(e, a):
    def grad(x, y):
        return e("x", 2 * x * y), e("y", x * x)

    return (lambda x, y: namespace(x).sum(x * x * y), grad), (a.x, a.normal(4, 3))


def affine_forward(x, w, b):
    return tanh(x, w, b), (x, w, tanh(x, w, b))


@style(ALL, without="stale")
def pair_with_dout_and_cache(e, a):
    def backward(dout, cache):
        x, w, y = cache
        return d_tanh(e, dout, x, y, w)

    return (affine_forward, backward), (a.x, a.W, a.b)


@style(ALL, without="stale")
def pair_with_cache_and_dout(e, a):
    def backward(cache, dout):
        x, w, y = cache
        return d_tanh(e, dout, x, y, w)

    return (affine_forward, backward), (a.x, a.W, a.b)


@style(ALL, without="stale")
def pair_with_dout_and_inputs(e, a):
    return (tanh, lambda dout, x, W, b: d_tanh(e, dout, x, tanh(x, W, b), W)), (a.x, a.W, a.b)


@style("x", without="stale")
def value_and_gradient(e, a):
    def loss(x):
        return namespace(x).sum(x**4) / 4, e("x", x**3)

    return loss, (a.x,)


@style("x", without="stale")
def softmax_loss_with_labels(e, a):
    def softmax_loss(x, y):
        xp, n = namespace(x), x.shape[0]
        p = xp.exp(x - xp.max(x, axis=1, keepdims=True))
        p = p / xp.sum(p, axis=1, keepdims=True)
        one_hot = xp.astype(y[:, None] == xp.arange(x.shape[1])[None, :], x.dtype)
        loss = -xp.sum(xp.log(xp.sum(p * one_hot, axis=1))) / n
        return loss, e("x", (p - one_hot) / n, lambda: p - one_hot)

    return softmax_loss, (a.x, a.integers([0, 2, 1, 0]))


@style(ALL, without="stale")
def value_and_gradients(e, a):
    def loss(x, W, b):
        y = tanh(x, W, b)
        return namespace(x).sum(y**2) / 2, d_tanh(e, y, x, y, W)

    return loss, (a.x, a.W, a.b)


@style("x", without="stale")
def value_and_closure(e, a):
    def layer(x):
        y = namespace(x).tanh(x)
        return y, lambda dy: e("x", dy * (1 - y**2))

    return layer, (a.x,)


@style(ALL, without="stale")
def closure_by_all_inputs(e, a):
    def layer(x, W, b):
        y = tanh(x, W, b)
        return y, lambda dy: d_tanh(e, dy, x, y, W)

    return layer, (a.x, a.W, a.b)


@style(ALL)
def closure_of_an_object(e, a):
    class Layer:
        def __init__(self):
            self.W, self.b = a.W, a.b

        def __call__(self, x):
            y, kept = tanh(x, self.W, self.b), e.keep(x)

            def backprop(dy):
                dx, self.dW, self.db = d_tanh(e, dy, kept, y, self.W)
                return dx

            return y, backprop

    return Layer(), (a.x,)


@style(ALL, on="torch", without="stale none")
def autograd_function(e, a):
    import torch

    class TanhAffine(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, W, b):
            y = tanh(x, W, b)
            ctx.save_for_backward(x, W, y)
            return y

        @staticmethod
        def backward(ctx, dout):
            x, W, y = ctx.saved_tensors
            return d_tanh(e, dout, x, y, W)

    return TanhAffine, (a.x, a.W, a.b)


@style(ALL, on="jax", without="stale none")
def custom_vjp(e, a):
    import jax

    f = jax.custom_vjp(tanh)
    f.defvjp(
        lambda x, W, b: (tanh(x, W, b), (x, W, tanh(x, W, b))),
        lambda kept, d: d_tanh(e, d, kept[0], kept[2], kept[1]),
    )
    return f, (a.x, a.W, a.b)
