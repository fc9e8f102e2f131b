"""What classifier and regressor have in common: the network, its training, and pickles."""

import contextlib
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import backends
from backends import Array
from backprop.arguments import a_share, at_least_0, number, positive, truth, whole, wholes
from backprop.estimators.patience import Patience
from backprop.estimators.scikit import (
    BaseEstimator,
    check_is_fitted,
    check_random_state,
    train_test_split,
    validate_data,
)
from backprop.networks import MultiLayerNetExtend, Network
from backprop.training import Trainer
from backprop.training.optimizers import OPTIMIZERS

_FLOATS = (np.float64, np.float32)
_ROWS = 1000  # so many at a time are sent to the device for a prediction
_SEEDS = np.iinfo(np.int32).max
_PICKLED = "trainer_bytes"
_OPTIMIZER = "optimizer"
_OF_NETWORK = ("hidden_layer_sizes", "activation", "dropout", "batch_norm", "device", "library")
_SOLVERS = {name.lower(): kind for name, kind in OPTIMIZERS.items()}

Numbers = NDArray[Any]


class Estimator(BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """Base of the two estimators.

    Attributes
    ----------
    trainer_ : Trainer
        What trains the network, and goes on with `partial_fit` and `warm_start`.
    """

    trainer_: Trainer

    def __init__(
        self,
        hidden_layer_sizes: Any = (100,),
        activation: str = "relu",
        *,
        solver: str = "adam",
        learning_rate_init: Any = 0.001,
        weight_decay: float = 0.0,
        batch_size: int = 100,
        max_iter: int = 200,
        dropout: float = 0.0,
        batch_norm: bool = False,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 10,
        tol: float = 1e-4,
        warm_start: bool = False,
        random_state: Any = None,
        device: str | None = None,
        library: str | None = None,
        verbose: bool = False,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.solver = solver
        self.learning_rate_init = learning_rate_init
        self.weight_decay = weight_decay
        self.batch_size = batch_size
        self.max_iter = max_iter
        self.dropout = dropout
        self.batch_norm = batch_norm
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.warm_start = warm_start
        self.random_state = random_state
        self.device = device
        self.library = library
        self.verbose = verbose

    def _train(self, x: Numbers, t: Numbers, outputs: int, epochs: int) -> None:
        """Train a new network, or the one that is there if it shall go on."""
        random = check_random_state(self.random_state)
        if self._goes_on():
            self._take_over()
        else:
            self.trainer_ = self._new_trainer(x, outputs, random)
        trainer, watch = self.trainer_, None
        if truth("early_stopping", self.early_stopping):
            name = "validation_fraction"
            x, held, t, t_held = train_test_split(
                x,
                t,
                test_size=positive(name, a_share(name, self.validation_fraction)),
                random_state=random.randint(_SEEDS),
                stratify=self._strata(t),
            )
            self._check_held(t_held)
            watch = Patience(
                trainer.net,
                lambda: self._score_of(held, t_held),
                whole("n_iter_no_change", self.n_iter_no_change),
                number("tol", self.tol),
            )
        self._run(x, t, epochs, watch)
        if watch is not None:
            trainer.history.interrupted = False  # it is as it should be
            watch.put_back()
            self.validation_scores_ = watch.scores

    def _train_part(self, x: Numbers, t: Numbers, outputs: int) -> None:
        """Train for one epoch on some of the samples."""
        if truth("early_stopping", self.early_stopping):
            raise ValueError("`early_stopping` must be False for partial_fit; got True")
        if hasattr(self, "trainer_"):
            self._take_over()
        else:
            self.trainer_ = self._new_trainer(x, outputs, check_random_state(self.random_state))
        self._run(x, t, 1, None)

    def _run(self, x: Numbers, t: Numbers, epochs: int, watch: Patience | None) -> None:
        trainer = self.trainer_
        before = len(trainer.history.iteration)
        trainer.batch_size = min(whole("batch_size", self.batch_size), len(x))
        trainer.fit(
            (x, t),
            epochs=epochs,
            progress=bool(self.verbose),
            on_epoch=None if watch is None else watch.look,
            stop=None if watch is None else watch.is_over,
        )
        self.n_iter_ = len(trainer.history.iteration) - before

    def _goes_on(self) -> bool:
        """Tell whether `fit` trains the network that is there."""
        return truth("warm_start", self.warm_start) and hasattr(self, "trainer_")

    @contextlib.contextmanager
    def _as_before(self) -> Iterator[None]:
        """Leave everything as it was where a fit is refused or fails."""
        before = dict(vars(self))
        try:
            yield
        except Exception:
            self.__dict__ = before
            raise

    def _take_over(self) -> None:
        """Let the network that is there learn by the present parameters."""
        trainer, new = self.trainer_, self._optimizer()
        for name, made in self._made.items():
            if repr(getattr(self, name)) != made:
                raise ValueError(
                    f"`{name}` must stay {made} where training goes on, as the network is there; "
                    f"got {getattr(self, name)!r}"
                )
        old: Any = trainer.optimizer
        if type(old) is not type(new) or old.lr != new.lr:
            trainer.optimizer = new
        trainer.net.weight_decay_lambda = at_least_0("weight_decay", self.weight_decay)

    def _new_trainer(self, x: Numbers, outputs: int, random: Any) -> Trainer:
        backend = backends.select(self.device, self.library)
        dropout = a_share("dropout", self.dropout)
        net = MultiLayerNetExtend(
            x.shape[1],
            wholes("hidden_layer_sizes", self.hidden_layer_sizes),
            outputs,
            self.activation,
            self.activation,
            use_dropout=dropout > 0,
            dropout_ration=dropout,
            use_batchnorm=truth("batch_norm", self.batch_norm),
            inverted=True,
            dtype=x.dtype.name if backend.has_float64 else "float32",
            backend=backend,
            seed=random.randint(_SEEDS),
        )
        net.weight_decay_lambda = at_least_0("weight_decay", self.weight_decay)
        net.last_layer = self._loss_layer()
        self._made = {name: repr(getattr(self, name)) for name in _OF_NETWORK}
        return Trainer(net, self._optimizer(), seed=random.randint(_SEEDS))

    def _optimizer(self) -> Any:
        if self.solver not in _SOLVERS:
            raise ValueError(f"`solver` must be one of {', '.join(_SOLVERS)}; got {self.solver!r}")
        return _SOLVERS[self.solver](self.learning_rate_init)  # type: ignore[call-arg]

    def _loss_layer(self) -> Any:
        raise NotImplementedError

    def _strata(self, t: Numbers) -> Numbers | None:
        """Return what shall be split evenly into samples to learn and samples kept apart."""
        return None

    def _check_held(self, t: Numbers) -> None:
        """Raise a ValueError where samples kept apart can't be scored."""

    def _score_of(self, x: Numbers, t: Numbers) -> float:
        """Return the score of the network, the higher the better, on validated data."""
        raise NotImplementedError

    def _admit(self, X: Any, y: Any, reset: bool, **options: Any) -> tuple[Numbers, Numbers]:
        x, t = validate_data(self, X, y, dtype=_FLOATS, reset=reset, **options)
        return x, t

    def _outputs(self, X: Any, function: Callable[[Array], Array]) -> Numbers:
        """Return what a function of the network gives for inputs, on the host."""
        check_is_fitted(self, "trainer_")
        return self._on_host(validate_data(self, X, dtype=_FLOATS, reset=False), function)

    def _on_host(self, x: Numbers, function: Callable[[Array], Array]) -> Numbers:
        backend = self.network_.backend
        assert backend is not None
        parts = [
            backend.to_numpy(function(backend.asarray(x[start : start + _ROWS])))
            for start in range(0, len(x), _ROWS)
        ]
        found: Numbers = np.concatenate(parts)
        return found

    @property
    def network_(self) -> Network:
        """The network, as `save_network` and `save_onnx` take it."""
        check_is_fitted(self, "trainer_")
        return self.trainer_.net

    @property
    def loss_curve_(self) -> list[float]:
        """The loss of each step."""
        check_is_fitted(self, "trainer_")
        return self.trainer_.history.loss

    def __getstate__(self) -> dict[str, Any]:
        """Return all but the trainer, which is the bytes of a checkpoint: arrays, and no code.

        A schedule of the learning rate stands beside it, in an optimizer that remembers nothing.
        """
        state: dict[str, Any] = dict(super().__getstate__())
        trainer = state.pop("trainer_", None)
        if trainer is not None:
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / "trainer"
                trainer.save(path)
                state[_PICKLED] = path.read_bytes()
            rule: Any = trainer.optimizer
            if callable(rule.lr):
                state[_OPTIMIZER] = type(rule)(rule.lr, **rule.settings())
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        held = dict(state)
        content, optimizer = held.pop(_PICKLED, None), held.pop(_OPTIMIZER, None)
        super().__setstate__(held)
        if content is not None:
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / "trainer"
                path.write_bytes(content)
                backend = backends.select(self.device, self.library)
                self.trainer_ = Trainer.resume(path, optimizer=optimizer, backend=backend)
