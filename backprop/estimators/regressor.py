"""A network that predicts numbers, as scikit-learn's regressors do."""

from typing import Any, Self

from backprop.arguments import whole
from backprop.estimators.estimator import Estimator, Numbers
from backprop.estimators.scikit import MultiOutputMixin, RegressorMixin, r2_score
from backprop.layers import IdentityWithLoss


class BackpropRegressor(MultiOutputMixin, RegressorMixin, Estimator):  # type: ignore[misc]
    """Affine layers with an activation between, and half the squared error.

    Networks learn best what has a mean of about 0 and a spread of about 1, the targets too:
    `sklearn.compose.TransformedTargetRegressor` with a `StandardScaler` sees to that.

    Parameters
    ----------
    hidden_layer_sizes, activation, solver, learning_rate_init, weight_decay, batch_size, max_iter
        As in `BackpropClassifier`.
    dropout, batch_norm, early_stopping, validation_fraction, n_iter_no_change, tol, warm_start
        As there.
    random_state, device, library, verbose
        As there.

    Attributes
    ----------
    network_ : Network
        What was trained.
    trainer_ : Trainer
        What trains it, with its history. The accuracies there mean nothing.
    n_iter_ : int
        How many epochs the last fit took.
    loss_curve_ : list of float
        The loss of each step.
    validation_scores_ : list of float
        With early stopping, R² after each epoch on what is kept apart.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.linspace(-3, 3, 200).reshape(-1, 1)
    >>> model = BackpropRegressor((20,), "tanh", learning_rate_init=0.02, random_state=0)
    >>> model.fit(x, np.sin(x[:, 0])).score(x, np.sin(x[:, 0])) > 0.99
    True
    """

    def fit(self, X: Any, y: Any) -> Self:
        """Train for `max_iter` epochs, or as long as early stopping lets it.

        Parameters
        ----------
        X : array, shape (N, D)
            Inputs on the host.
        y : array, shape (N,) or (N, M)
            Targets.

        Raises
        ------
        ValueError
            When a parameter is out of range, or early stopping finds nothing to go by: what is kept
            apart has one target.
        """
        with self._as_before():
            x, t = self._targets(X, y, reset=True)
            self._train(x, t, t.shape[1], whole("max_iter", self.max_iter))
        return self

    def partial_fit(self, X: Any, y: Any) -> Self:
        """Train for one epoch on some samples, and go on from there with the next ones."""
        with self._as_before():
            x, t = self._targets(X, y, reset=not hasattr(self, "trainer_"))
            self._train_part(x, t, t.shape[1])
        return self

    def predict(self, X: Any) -> Numbers:
        """Return the outputs, shape (N,) or (N, M), as the targets were."""
        found = self._outputs(X, lambda x: self.network_.predict(x))
        return found[:, 0] if self._flat else found

    def _targets(self, X: Any, y: Any, reset: bool) -> tuple[Numbers, Numbers]:
        """Return inputs, and targets of shape (N, M) in their dtype."""
        x, t = self._admit(X, y, reset, multi_output=True, y_numeric=True)
        self._flat = t.ndim == 1
        return x, t.reshape(len(t), -1).astype(x.dtype)

    def _loss_layer(self) -> IdentityWithLoss:
        return IdentityWithLoss()

    def _check_held(self, t: Numbers) -> None:
        if (t == t[0]).all():
            raise ValueError(
                "`early_stopping` must keep apart samples whose targets differ, or there is no R² "
                f"to go by; got {len(t)} with one target: a larger `validation_fraction` may do"
            )

    def _score_of(self, x: Numbers, t: Numbers) -> float:
        return float(r2_score(t, self._on_host(x, lambda part: self.network_.predict(part))))
