"""Which kind of data set training has: one that is moved to the device, or one that stays."""

from backprop.arrays import is_array, shape
from backprop.networks import Network
from backprop.training.admission import admitted
from backprop.training.data import DataSet, Samples
from backprop.training.resident import Resident
from backprop.training.streamed import Streamed, stays_where_it_is


def data_set(net: Network, data: tuple[Samples, Samples], name: str) -> DataSet:
    """Return inputs and labels as training asks for them.

    Parameters
    ----------
    net : Network
        That learns from them.
    data : tuple of (x, t)
        Inputs and labels.
    name : str
        What errors call them.

    Raises
    ------
    TypeError, ValueError
        When it is no pair; when inputs and labels differ in number, either are not real or not
        finite (`NotFiniteError`), or labels don't fit. Of what stays where it is the first samples
        are looked at.
    """
    if not isinstance(data, tuple | list) or len(data) != 2:
        of = f" of shape {shape(data)}" if is_array(data) else ""
        raise TypeError(
            f"`{name}` must be a pair (x, t) of inputs and labels, as in fit((x, t), ...); got "
            f"{type(data).__name__}{of}"
        )
    x, t = data
    if stays_where_it_is(x) or stays_where_it_is(t):
        return Streamed(net, x, t, name)
    return Resident(*admitted(net, x, t, name))
