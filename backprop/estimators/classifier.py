"""A network that tells classes apart, as scikit-learn's classifiers do."""

from typing import Any, Self

import numpy as np

from backprop.arguments import whole
from backprop.estimators.estimator import Estimator, Numbers
from backprop.estimators.scikit import ClassifierMixin, check_classification_targets
from backprop.layers import SoftmaxWithLoss


class BackpropClassifier(ClassifierMixin, Estimator):  # type: ignore[misc]
    """Affine layers with an activation between, and softmax: an estimator of scikit-learn.

    Arguments are called as those of `sklearn.neural_network.MLPClassifier` where they are the same.
    The network computes in float32 if the inputs come so, else in float64.

    Parameters
    ----------
    hidden_layer_sizes : sequence of int
        The widths of the hidden layers; none of them is a linear model.
    activation : str
        ``"relu"``, ``"sigmoid"`` or ``"tanh"``.
    solver : str
        The optimizer: ``"sgd"``, ``"momentum"``, ``"nesterov"``, ``"adagrad"``, ``"rmsprop"``,
        ``"adam"`` or ``"adamw"``.
    learning_rate_init : float or schedule
        Learning rate, or a function of the step such as `Cosine`.
    weight_decay : float
        λ: the loss counts ½ λ Σ W² too.
    batch_size : int
        Samples in a step; at most all there are.
    max_iter : int
        How many epochs `fit` trains.
    dropout : float
        The share of the entries after each activation that training leaves out.
    batch_norm : bool
        Whether each activation gets its inputs normalized over the batch.
    early_stopping : bool
        Whether to keep samples apart, end when the score on them no longer rises, and take the
        network that had the highest one.
    validation_fraction : float
        The share of the samples that is kept apart.
    n_iter_no_change : int
        How many epochs to wait for a score that is better.
    tol : float
        By how much it must be better.
    warm_start : bool
        Whether a second `fit` goes on with the network of the first one.
    random_state : int, RandomState or None
        Of the weights, the order of the samples, and what is kept apart.
    device, library : str, optional
        Where the network is, as `backends.select` takes them.
    verbose : bool
        Whether to show a progress bar.

    Attributes
    ----------
    classes_ : array, shape (C,)
        The labels, sorted.
    network_ : Network
        What was trained; it gives class numbers.
    trainer_ : Trainer
        What trains it, with its history.
    n_iter_ : int
        How many epochs the last fit took.
    loss_curve_ : list of float
        The loss of each step.
    validation_scores_ : list of float
        With early stopping, the accuracy after each epoch on what is kept apart.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> x, t = load_iris(return_X_y=True)
    >>> network = BackpropClassifier((20,), learning_rate_init=0.01, random_state=0)
    >>> model = make_pipeline(StandardScaler(), network)
    >>> model.fit(x, t).score(x, t) > 0.95
    True
    """

    def fit(self, X: Any, y: Any) -> Self:
        """Train for `max_iter` epochs, or as long as early stopping lets it.

        Parameters
        ----------
        X : array, shape (N, D)
            Inputs on the host.
        y : array, shape (N,)
            Labels of any kind.

        Raises
        ------
        ValueError
            When there are fewer than 2 classes, or a parameter is out of range.
        """
        with self._as_before():
            x, labels = self._admit(X, y, reset=True)
            check_classification_targets(labels)
            classes = np.unique(labels)
            if self._goes_on() and not np.array_equal(classes, self.classes_):
                raise ValueError(
                    f"with `warm_start` the classes must be those of before, {self.classes_}; "
                    f"got {classes}"
                )
            self._learn_classes(classes)
            self._train(x, self._numbers(labels), len(classes), whole("max_iter", self.max_iter))
        return self

    def partial_fit(self, X: Any, y: Any, classes: Any = None) -> Self:
        """Train for one epoch on some samples, and go on from there with the next ones.

        Parameters
        ----------
        X, y : array, shape (N, D) and (N,)
            Inputs and labels.
        classes : array, shape (C,), optional
            All labels that there will be; needed the first time.

        Raises
        ------
        ValueError
            When `classes` is missing the first time, or a label is none of them.
        """
        first = not hasattr(self, "trainer_")
        with self._as_before():
            x, labels = self._admit(X, y, reset=first)
            check_classification_targets(labels)
            if first:
                if classes is None:
                    raise ValueError("`classes` must be given the first time; got None")
                self._learn_classes(np.unique(classes))
            elif classes is not None and not np.array_equal(np.unique(classes), self.classes_):
                raise ValueError(
                    f"`classes` must be those of before, {self.classes_}; got {classes}"
                )
            self._train_part(x, self._numbers(labels), len(self.classes_))
        return self

    def predict(self, X: Any) -> Numbers:
        """Return the label of each sample, shape (N,)."""
        numbers = self._outputs(X, lambda x: self.network_.classify(x))
        found: Numbers = self.classes_[numbers]
        return found

    def predict_proba(self, X: Any) -> Numbers:
        """Return the probability of each class, shape (N, C), in the order of `classes_`."""
        return self._outputs(X, lambda x: self.network_.probabilities(x))

    def _learn_classes(self, classes: Numbers) -> None:
        if len(classes) < 2:
            raise ValueError(f"there must be 2 classes or more; got {len(classes)} class")
        self.classes_ = classes

    def _numbers(self, labels: Numbers) -> Numbers:
        """Return labels as numbers of classes."""
        unknown = labels[~np.isin(labels, self.classes_)]
        if len(unknown):
            raise ValueError(f"labels must be among {self.classes_}; got {unknown[0]}")
        return np.searchsorted(self.classes_, labels)

    def _loss_layer(self) -> SoftmaxWithLoss:
        return SoftmaxWithLoss()

    def _strata(self, t: Numbers) -> Numbers:
        return t

    def _score_of(self, x: Numbers, t: Numbers) -> float:
        found = self._on_host(x, lambda part: self.network_.classify(part))
        return float(np.mean(found == t))
