"""The networks as estimators of scikit-learn."""

import copy
import pickle
import subprocess
import sys
import warnings

import numpy as np
import pytest

from backprop import Cosine, NotFiniteError, load_mnist_sample, load_network, save_network

pytest.importorskip("sklearn")

from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_iris, make_regression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from backprop.estimators import BackpropClassifier, BackpropRegressor

SHORT = {"max_iter": 60, "random_state": 0}


@parametrize_with_checks([BackpropClassifier(**SHORT), BackpropRegressor(**SHORT)])
def test_the_checks_of_scikit_learn(estimator, check):
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=UserWarning, message="the inputs reach from")
        check(estimator)


@pytest.fixture(scope="module")
def iris():
    """Return irises with the names of their kinds as labels."""
    data = load_iris()
    return StandardScaler().fit_transform(data.data), data.target_names[data.target]


def test_labels_come_back_and_probabilities_add_up(iris):
    x, names = iris
    model = BackpropClassifier((20,), learning_rate_init=0.01, **SHORT).fit(x, names)
    assert model.classes_.tolist() == ["setosa", "versicolor", "virginica"]
    assert model.score(x, names) > 0.95
    shares = model.predict_proba(x)
    assert shares.shape == (150, 3)
    np.testing.assert_allclose(shares.sum(axis=1), 1, rtol=1e-12)
    assert (model.classes_[shares.argmax(axis=1)] == model.predict(x)).all()
    assert (model.n_iter_, len(model.loss_curve_)) == (60, 120)  # 100 and 50 samples a step


@pytest.mark.parametrize(("given", "computed"), [("float32", "float32"), ("int64", "float64")])
def test_it_computes_in_the_dtype_of_the_inputs(given, computed):
    x = np.arange(40).reshape(20, 2).astype(given)
    model = BackpropClassifier((3,), max_iter=1).fit(x, np.arange(20) % 2)
    assert model.network_.dtype == computed
    assert model.predict_proba(x).dtype == computed


def test_the_same_random_state_gives_the_same_network(iris):
    x, names = iris
    first, again = (
        BackpropClassifier((5,), max_iter=2, random_state=3).fit(x, names) for _ in "ab"
    )
    other = BackpropClassifier((5,), max_iter=2, random_state=4).fit(x, names)
    np.testing.assert_array_equal(first.predict_proba(x), again.predict_proba(x))
    assert np.abs(first.predict_proba(x) - other.predict_proba(x)).max() > 0.01


def test_in_a_pipeline_and_a_grid_search(iris):
    x, names = load_iris().data, iris[1]
    pipeline = make_pipeline(StandardScaler(), BackpropClassifier(max_iter=30, random_state=0))
    rates = {"backpropclassifier__learning_rate_init": [1e-6, 0.05]}
    search = GridSearchCV(pipeline, rates, cv=3).fit(x, names)
    assert search.best_params_ == {"backpropclassifier__learning_rate_init": 0.05}
    assert search.best_score_ > 0.9
    assert search.score(x, names) > 0.9


@pytest.mark.parametrize(
    "options",
    [{"batch_norm": True}, {"dropout": 0.2}, {"solver": "momentum"}, {"activation": "tanh"}],
)
def test_options_reach_the_network(iris, options):
    x, names = iris
    model = BackpropClassifier((10,), learning_rate_init=0.05, **options, **SHORT).fit(x, names)
    kinds = {type(layer).__name__ for layer in model.network_.layers.values()}
    wanted = {"batch_norm": "BatchNormalization", "dropout": "Dropout", "activation": "Tanh"}
    for option, kind in wanted.items():
        assert (kind in kinds) == (option in options)
    assert type(model.trainer_.optimizer).__name__.lower() == options.get("solver", "adam")
    assert model.score(x, names) > 0.9


def test_early_stopping_takes_the_best_network_and_stops():
    (x, t), _ = load_mnist_sample()
    model = BackpropClassifier(
        (30,), early_stopping=True, n_iter_no_change=2, learning_rate_init=0.02, random_state=0
    )
    model.fit(x[:1000], t[:1000])
    scores = model.validation_scores_
    assert model.n_iter_ == len(scores) < 100
    assert max(scores[-2:]) <= max(scores[:-2]) + model.tol
    assert len(model.loss_curve_) == 9 * model.n_iter_  # 900 samples: 100 are kept apart
    assert max(scores) > 0.8
    assert not model.trainer_.history.interrupted
    index = np.flatnonzero(np.array(scores) == max(scores))[0]
    best = clone(model).set_params(max_iter=int(index) + 1).fit(x[:1000], t[:1000])
    np.testing.assert_array_equal(model.predict_proba(x[:50]), best.predict_proba(x[:50]))


def test_warm_start_goes_on(iris):
    x, names = iris
    model = BackpropClassifier((5,), max_iter=2, warm_start=True, random_state=0)
    first = model.fit(x, names).network_
    losses = len(model.loss_curve_)
    assert model.fit(x, names).network_ is first
    assert len(model.loss_curve_) == 2 * losses
    both = BackpropClassifier((5,), max_iter=4, random_state=0).fit(x, names)
    np.testing.assert_array_equal(model.predict_proba(x), both.predict_proba(x))
    with pytest.raises(ValueError, match="with `warm_start` the classes must be those of before"):
        model.fit(x, np.arange(150) % 2)
    assert model.set_params(warm_start=False).fit(x, names).network_ is not first


def test_partial_fit_learns_a_part_at_a_time(iris):
    x, names = iris
    model = BackpropClassifier((10,), learning_rate_init=0.02, random_state=0)
    with pytest.raises(ValueError, match="`classes` must be given the first time; got None"):
        model.partial_fit(x[:50], names[:50])
    order = np.random.default_rng(0).permutation(150)
    for _ in range(20):
        for part in np.split(order, 3):
            model.partial_fit(x[part], names[part], classes=np.unique(names))
    assert len(model.loss_curve_) == 60
    assert model.score(x, names) > 0.9
    with pytest.raises(ValueError, match=r"labels must be among \['setosa' .*; got rose"):
        model.partial_fit(x[:1], ["rose"])
    with pytest.raises(ValueError, match="`classes` must be those of before"):
        model.partial_fit(x[:1], names[:1], classes=["setosa", "rose"])
    with pytest.raises(ValueError, match="`early_stopping` must be False for partial_fit"):
        model.set_params(early_stopping=True).partial_fit(x, names)


def test_a_pickle_holds_a_file_and_no_network_and_goes_on(iris):
    x, names = iris
    model = BackpropClassifier((5,), max_iter=3, dropout=0.1, warm_start=True, random_state=0)
    content = pickle.dumps(model.fit(x, names))
    state = model.__getstate__()
    assert "trainer_" not in state
    assert state["trainer_bytes"][8:9] == b"{"  # a safetensors file
    assert b"MultiLayerNetExtend" not in content
    assert b"Affine1" in content
    other = pickle.loads(content)
    np.testing.assert_array_equal(other.predict_proba(x), model.predict_proba(x))
    np.testing.assert_array_equal(  # the optimizer, the order and the masks go on as well
        other.fit(x, names).predict_proba(x), model.fit(x, names).predict_proba(x)
    )
    assert pickle.loads(pickle.dumps(BackpropClassifier((5,)))).hidden_layer_sizes == (5,)


def test_its_network_can_be_saved(iris, tmp_path):
    x, names = iris
    model = BackpropClassifier((5,), max_iter=3).fit(x, names)
    save_network(tmp_path / "net", model.network_)
    loaded = load_network(tmp_path / "net", backend="cpu")
    np.testing.assert_array_equal(loaded.probabilities(x), model.predict_proba(x))


def test_regression_of_one_and_of_several_targets():
    x, t = make_regression(200, 5, n_targets=3, random_state=0)
    x, t = x.astype("float32"), StandardScaler().fit_transform(t)
    model = BackpropRegressor((20,), learning_rate_init=0.02, **SHORT)
    assert model.fit(x, t).score(x, t) > 0.95
    assert (model.predict(x).shape, model.predict(x).dtype) == ((200, 3), np.float32)
    assert model.fit(x, t[:, 0]).score(x, t[:, 0]) > 0.95
    assert model.predict(x).shape == (200,)
    assert model.fit(x, t[:, :1]).predict(x).shape == (200, 1)
    scaled = TransformedTargetRegressor(model, transformer=StandardScaler())
    assert scaled.fit(x, 1000 + 50 * t[:, 0]).score(x, 1000 + 50 * t[:, 0]) > 0.95
    for _ in range(20):
        model.partial_fit(x, t[:, :1])
    assert model.score(x, t[:, :1]) > 0.95


def test_early_stopping_of_a_regression_scores_what_is_kept_apart():
    x, t = make_regression(200, 5, random_state=0)
    t = (t - t.mean()) / t.std()
    model = BackpropRegressor(
        (20,), learning_rate_init=0.02, early_stopping=True, tol=0.01, max_iter=400, random_state=0
    ).fit(x, t)
    assert model.n_iter_ == len(model.validation_scores_) < 400
    assert 0.9 < max(model.validation_scores_) <= 1
    assert model.score(x, t) > 0.9


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"solver": "lbfgs"}, "`solver` must be one of sgd, momentum, .*; got 'lbfgs'"),
        ({"activation": "logistic"}, "`activation` must be one of relu, sigmoid, tanh"),
        ({"max_iter": 0}, "`max_iter` must be"),
        ({"batch_size": 0}, "`batch_size` must be"),
        ({"dropout": 1.5}, r"`dropout` must be in \[0, 1\); got 1.5"),
        ({"dropout": -0.5}, r"`dropout` must be in \[0, 1\); got -0.5"),
        ({"weight_decay": -1}, "`weight_decay` must be finite and 0 or more; got -1"),
        ({"weight_decay": "a"}, "`weight_decay` must be a number; got 'a'"),
        ({"hidden_layer_sizes": 5}, "`hidden_layer_sizes` must be a sequence of .*; got 5"),
        (
            {"early_stopping": True, "validation_fraction": 0},
            "`validation_fraction` must be positive and finite; got 0.0",
        ),
    ],
)
def test_a_wrong_parameter_is_named(iris, options, message):
    with pytest.raises((TypeError, ValueError), match=message):
        BackpropClassifier(**options).fit(*iris)


def test_what_can_not_be_learnt_is_said(iris):
    x, names = iris
    with pytest.raises(ValueError, match="there must be 2 classes or more; got 1 class"):
        BackpropClassifier().fit(x[:10], names[:10])
    with np.errstate(all="ignore"), pytest.raises(NotFiniteError, match="training ended after"):
        BackpropRegressor(solver="sgd", learning_rate_init=1e30, max_iter=3).fit(x, 1e6 * x[:, 0])


def test_scikit_learn_is_imported_with_the_estimators_alone():
    code = (
        "import sys, backprop\n"
        "backprop.Trainer, backprop.plotting\n"
        "print('sklearn' in sys.modules)\n"
        "sys.modules['sklearn.base'] = None\n"
        "import backprop.estimators\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout == "False\n"
    assert done.stderr.splitlines()[-1] == (
        "ModuleNotFoundError: estimators need scikit-learn: pip install 'backprop-by-hand[sklearn]'"
    )


@pytest.mark.parametrize(
    "changed", [{"solver": "sgd"}, {"learning_rate_init": -1.0}, {"hidden_layer_sizes": (3,)}]
)
def test_a_fitted_one_is_pickled_as_it_was_fitted(iris, changed):
    x, names = iris
    model = BackpropClassifier((5,), max_iter=2, random_state=0).fit(x, names)
    expected = model.predict_proba(x)
    model.set_params(**changed)
    for other in (pickle.loads(pickle.dumps(model)), copy.deepcopy(model)):
        np.testing.assert_array_equal(other.predict_proba(x), expected)
        assert other.get_params() == model.get_params()
        assert type(other.trainer_.optimizer).__name__ == "Adam"


@pytest.mark.parametrize("again", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_a_schedule_comes_back(iris, again):
    x, names = iris
    model = BackpropClassifier(
        (5,), learning_rate_init=Cosine(0.1, 20), solver="momentum", max_iter=5, random_state=0
    ).fit(x, names)
    other = again(model)
    np.testing.assert_array_equal(other.predict_proba(x), model.predict_proba(x))
    assert other.trainer_.optimizer.lr == Cosine(0.1, 20)
    for each in (model, other):
        each.partial_fit(x, names)
    np.testing.assert_array_equal(other.predict_proba(x), model.predict_proba(x))


LINE = np.linspace(-1, 1, 10).reshape(-1, 1)


@pytest.mark.parametrize("y", [3 * LINE[:, 0], np.ones(10), np.ones((10, 2))])
def test_early_stopping_without_a_score_is_refused(y):
    model = BackpropRegressor((5,), early_stopping=True, random_state=0)
    with pytest.raises(ValueError, match="differ, or there is no R² to go by; got 1 with one targ"):
        model.fit(LINE, y)
    with pytest.raises(ValueError, match="got 4 with one target: a larger `validation_fraction`"):
        model.set_params(validation_fraction=0.4).fit(LINE, np.ones(10))
    model.fit(LINE, 3 * LINE[:, 0])
    assert len(model.validation_scores_) == model.n_iter_


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("batch_size", 0),
        ("batch_size", "auto"),
        ("solver", "lbfgs"),
        ("activation", "elu"),
        ("max_iter", -1),
        ("weight_decay", -1.0),
        ("learning_rate_init", -1.0),
        ("early_stopping", "False"),
        ("batch_norm", "False"),
        ("warm_start", "no"),
        ("validation_fraction", 0.001),
        ("tol", "a"),
        ("tol", None),
    ],
)
def test_a_fit_that_is_refused_leaves_what_was_fitted(iris, name, value):
    x, names = iris
    model = BackpropClassifier((5,), early_stopping=True, max_iter=5, random_state=0)
    model.fit(x, names)
    before, expected = dict(vars(model)), model.predict_proba(x)
    value = {name: value} | ({"early_stopping": True} if name in ("tol",) else {})
    with pytest.raises((TypeError, ValueError)) as info:
        model.set_params(**value).fit(x[:, :2], np.arange(150) % 2)
    if name not in ("learning_rate_init", "validation_fraction"):  # `lr`, and scikit-learn's words
        assert f"`{name}`" in str(info.value)
    model.set_params(**{name: before[name] for name in value})
    assert vars(model) == before
    np.testing.assert_array_equal(model.predict_proba(x), expected)


def test_a_part_that_is_refused_leaves_what_was_fitted(iris):
    x, names = iris
    model = BackpropRegressor((5,), max_iter=5, random_state=0).fit(x, x[:, 0])
    expected = model.predict(x)
    with pytest.raises(ValueError, match="features"):
        model.partial_fit(x[:, :2], x[:, :2])
    np.testing.assert_array_equal(model.predict(x), expected)


def test_partial_fit_goes_on_by_the_present_parameters(iris):
    x, names = iris
    model = BackpropClassifier((5,), random_state=0).partial_fit(x, names, np.unique(names))
    model.set_params(learning_rate_init=0.5, solver="sgd", weight_decay=0.1).partial_fit(x, names)
    assert (type(model.trainer_.optimizer).__name__, model.trainer_.optimizer.lr) == ("SGD", 0.5)
    assert model.network_.weight_decay_lambda == 0.1
    for name, value in {"hidden_layer_sizes": (3,), "library": "array-api-strict"}.items():
        before = model.get_params()[name]
        with pytest.raises(ValueError, match=f"^`{name}` must stay .* where training goes on"):
            model.set_params(**{name: value}).partial_fit(x, names)
        model.set_params(**{name: before})


def test_warm_start_goes_on_by_the_present_parameters(iris):
    x, names = iris
    model = BackpropClassifier((5,), max_iter=2, warm_start=True, solver="sgd", random_state=0)
    model.set_params(learning_rate_init=0.1).fit(x, names)
    W = model.network_.params["W1"].copy()
    model.set_params(learning_rate_init=1e-9, weight_decay=0.5).fit(x, names)
    assert model.trainer_.optimizer.lr == 1e-9
    assert model.network_.weight_decay_lambda == 0.5
    assert 0 < np.abs(model.network_.params["W1"] - W).max() < 1e-6
    model.set_params(solver="adam").fit(x, names)
    assert type(model.trainer_.optimizer).__name__ == "Adam"
    kept = model.trainer_.optimizer
    assert model.fit(x, names).trainer_.optimizer is kept
    for name, value in {"hidden_layer_sizes": (3,), "activation": "tanh"}.items():
        before = model.get_params()[name]
        with pytest.raises(ValueError, match=f"^`{name}` must stay .* where training goes on"):
            model.set_params(**{name: value}).fit(x, names)
        model.set_params(**{name: before}).fit(x, names)
