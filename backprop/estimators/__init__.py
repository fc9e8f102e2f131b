"""The networks as estimators of scikit-learn: in its pipelines, searches and scores.

Importing this imports scikit-learn, the extra `sklearn`.
"""

from backprop.estimators.classifier import BackpropClassifier
from backprop.estimators.regressor import BackpropRegressor

__all__ = ["BackpropClassifier", "BackpropRegressor"]
