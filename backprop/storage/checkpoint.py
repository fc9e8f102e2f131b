"""Checkpoints: one file with all that training needs to go on, beside the data; no code in it."""

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from backends import Backend, FloatDType
from backprop.networks import Network
from backprop.networks.architecture import describe
from backprop.storage.network import NETWORK, TRAINER, load_network
from backprop.storage.params import checked_metadata, load_params, save_params
from backprop.storage.tree import flat, nested


class Checkpoint(NamedTuple):
    """What a checkpoint holds: of the network, of the rest of training, and of who wrote it."""

    path: Path
    arrays: dict[str, Any]
    training: dict[str, Any]
    metadata: dict[str, str]

    def network(self, backend: str | Backend | None, dtype: FloatDType | None = None) -> Network:
        """Return the network that was trained, in the dtype that it had: a file has no bfloat16.

        Raises
        ------
        ValueError
            When the file does not say how to rebuild it, as of one with layers of your own.
        """
        if NETWORK not in self.metadata:
            raise ValueError(
                f"`net` must be given, as {self.path} can't say how to rebuild a network with "
                "layers of your own"
            )
        return load_network(self.path, backend=backend, dtype=dtype)

    def check(self, net: Any) -> None:
        """Raise a ValueError where a network describes itself otherwise than the file does."""
        described = _described(net)
        if NETWORK not in self.metadata or described is None:
            return
        try:
            kept = {"weight_decay_lambda": 0.0, **json.loads(self.metadata[NETWORK])}
        except (RecursionError, TypeError, ValueError) as error:
            raise ValueError(f"{self.path} must describe its network; {str(error)[:300]}") from None
        described.setdefault("weight_decay_lambda", 0.0)
        for name, wanted, given in _differences("", kept, described):
            raise ValueError(
                f"`net` must have {name} {wanted!r:.80}, as in {self.path}; got {given!r:.80}"
            )


def save_checkpoint(
    path: str | os.PathLike[str],
    net: Any,
    arrays: Mapping[str, Any],
    training: Mapping[str, Any],
    metadata: Mapping[str, str] | None = None,
) -> None:
    """Write a checkpoint to a safetensors file; an old one stays whole until the new one is.

    Parameters
    ----------
    path : path
        The file.
    net : Network
        It is described in the file, if its layers are the library's own.
    arrays : mapping of str to array
        Its `state_dict()`.
    training : mapping
        What else training depends on: dictionaries and lists of arrays, numbers and strings.
    metadata : mapping of str to str, optional
        What else is to stand in the file.

    Raises
    ------
    OSError
        When the file can't be written.
    TypeError
        When `training` holds anything else, or `metadata` other than texts.
    ValueError
        When `metadata` has a key of the file's own.
    """
    texts = checked_metadata(metadata, NETWORK, TRAINER)
    held: dict[str, Any] = {}
    texts[TRAINER] = json.dumps(flat(training, TRAINER, held))
    described = _described(net)
    if described is not None:
        texts[NETWORK] = json.dumps(described)
    save_params(path, {**arrays, **held}, texts)


def _described(net: Any) -> Any:
    """Return the description of a network in JSON's values; None with layers of one's own."""
    try:
        return json.loads(json.dumps(describe(net)))
    except (AttributeError, TypeError):
        return None


def _differences(name: str, kept: Any, given: Any) -> Iterator[tuple[str, Any, Any]]:
    """Yield where what is given differs from what a file holds; in no seed, as it has begun."""
    if isinstance(kept, list) and isinstance(given, list) and len(kept) == len(given):
        kept, given = (dict(enumerate(each, start=1)) for each in (kept, given))
    if not (isinstance(kept, dict) and isinstance(given, dict)):
        if kept != given:
            yield name, kept, given
        return
    for key in kept:
        if key != "seed":
            yield from _differences(f"{name}.{key}".lstrip("."), kept[key], given.get(key))


def load_checkpoint(path: str | os.PathLike[str]) -> Checkpoint:
    """Read a file of `save_checkpoint`; nothing in it is run.

    Raises
    ------
    OSError
        When the file can't be read.
    ValueError
        When it is no checkpoint, or is damaged.
    """
    arrays, metadata = load_params(path)
    if TRAINER not in metadata:
        raise ValueError(f"{path} must be a checkpoint; it holds parameters, and no place to go on")
    try:
        training = nested(json.loads(metadata[TRAINER]), arrays)
        if not isinstance(training, dict):
            raise ValueError(f"got {type(training).__name__}")
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} must say where training is; {str(error)[:300]}") from None
    own = {name: x for name, x in arrays.items() if not name.startswith(f"{TRAINER}/")}
    return Checkpoint(Path(path), own, training, metadata)
