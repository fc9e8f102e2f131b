"""Styles: names and containers of parameters, and those of their gradients."""

from tests.backprop.gradients.foreign.foreign import Tanh, style

ALL = "x W b"


def keeps(start, read, write, **options):
    """Register a layer from three functions: how W and b are kept and read, gradients left."""

    def register(function):
        def make(e, a):
            own = {"start": start, "read": read, "write": write}
            return type(function.__name__, (Tanh,), own)(e, a), (a.x,)

        make.__name__ = function.__name__
        return style(ALL, **options)(make)

    return register


def leaves(pattern, lower=False):
    """Return functions for `W` and `b` beside gradients of names of a pattern."""

    def case(name):
        return name.lower() if lower else name

    def start(self, W, b):
        setattr(self, case("W"), W)
        self.b = b

    def write(self, dx, dW, db):
        setattr(self, pattern.format(case("W")), dW)
        setattr(self, pattern.format("b"), db)
        return dx

    return start, lambda self: (getattr(self, case("W")), self.b), write


PATTERNS = {
    "dW": "d{}", "grad_W": "grad_{}", "W_grad": "{}_grad", "dLdW": "dLd{}", "gW": "g{}",
    "d_W": "d_{}", "W_update": "{}_update", "delta_W": "delta_{}", "_dW": "_d{}",
}  # fmt: skip
for _name, _pattern in PATTERNS.items():

    def _function(self): ...

    _function.__name__ = f"W_beside_{_name.strip('_')}" if _name[0] != "_" else "W_beside_hidden_dW"
    keeps(*leaves(_pattern))(_function)


@keeps(*leaves("d{}", lower=True))
def small_w_beside_dw(): ...


def of_dicts(params, grads):
    def write(self, dx, dW, db):
        getattr(self, grads).update(W=dW, b=db)
        return dx

    def start(self, W, b):
        setattr(self, params, {"W": W, "b": b})
        setattr(self, grads, {})

    def read(self):
        return getattr(self, params)["W"], getattr(self, params)["b"]

    return start, read, write


@keeps(*of_dicts("params", "grads"))
def params_and_grads(): ...


@keeps(*of_dicts("parameters", "gradients"))
def parameters_and_gradients(): ...


@keeps(*of_dicts("weights", "derivatives"))
def weights_and_derivatives(): ...


def of_lists(params, grads):
    def start(self, W, b):
        setattr(self, params, [W, b])
        setattr(self, grads, [0 * W, 0 * b])

    def write(self, dx, dW, db):
        getattr(self, grads)[:] = dW, db
        return dx

    return start, lambda self: getattr(self, params), write


@keeps(*of_lists("params", "grads"))
def lists_params_and_grads(): ...


@keeps(*of_lists("parameters", "gradients"))
def lists_parameters_and_gradients(): ...


@keeps(*of_lists("ws", "deltas"))
def lists_of_any_names(): ...


def _in_place(self, dx, dW, db):
    self.grads[0][...], self.grads[1][...] = dW, db
    return dx


@keeps(*of_lists("params", "grads")[:2], _in_place, on="numpy torch", without="none")
def lists_written_in_place(): ...


def _start_grads(self, W, b):
    self.W, self.b, self.grads = W, b, {}


def _write_grads(self, dx, dW, db):
    self.grads["W"], self.grads["b"] = dW, db
    return dx


@keeps(_start_grads, Tanh.read, _write_grads)
def W_beside_grads_W(): ...


def _write_anywhere(self, dx, dW, db):
    self.foo, self.bar = dW, [db]
    return dx


@keeps(Tanh.start, Tanh.read, _write_anywhere)
def names_that_say_nothing(): ...


def _start_nested(self, W, b):
    self.params = {"dense": {"W": W, "b": b}}
    self.grads = {"dense": {}}


def _write_nested(self, dx, dW, db):
    self.grads["dense"] = {"W": dW, "b": db}
    return dx


@keeps(
    _start_nested,
    lambda self: (self.params["dense"]["W"], self.params["dense"]["b"]),
    _write_nested,
)
def nested_dictionaries(): ...
