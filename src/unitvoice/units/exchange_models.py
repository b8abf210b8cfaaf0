"""K-means models of scikit-learn, read without running anything that a pickle asks for."""

import pickle
from collections.abc import Callable, Mapping
from math import prod
from pathlib import Path
from typing import Any, BinaryIO, ClassVar

import numpy as np
from numpy.typing import NDArray

from unitvoice.errors import InputError
from unitvoice.features.clusters import Clusters, described
from unitvoice.store import Store

__all__ = ["import_clusters", "read_scikit_learn"]

NUMBERS = {f"{kind}{size}" for kind in "iu" for size in (1, 2, 4, 8)} | {"f4", "f8"}
COMPRESSED = {b"\x1f\x8b": "gzip", b"x\x9c": "zlib", b"x^": "zlib", b"x\x01": "zlib", b"BZ": "bz2", b"\xfd7": "xz"}
TABLE = 2  # axes


def import_clusters(path: Path, frames: Store) -> Clusters:
    """The centres of a model of scikit-learn, for frames that they are said to be of.

    The file does not tell what its centres are of: that it is these frames is up to the caller.

    Args:
        path: written by joblib or pickle, e.g. the published models of HuBERT.
        frames: of the encoder and the layer that the model was learned from.

    Raises:
        InputError: the file is no such model, or its centres have another width than the frames.
    """
    clusters = Clusters(read_scikit_learn(path), described(frames), {"imported": path.name})
    clusters.check(frames)
    return clusters


def read_scikit_learn(path: Path) -> NDArray[np.float32]:
    """The centres of a ``KMeans`` or ``MiniBatchKMeans``, (K, D).

    Only arrays of numbers and the state of the model are taken; the classes that a pickle names are never imported,
    and a pickle that names any but those of such models is refused.

    Raises:
        InputError: the file is something else, damaged, or compressed.
    """
    try:
        with path.open("rb") as file:
            model = _read(path, file)
    except InputError:
        raise
    except FileNotFoundError:
        raise InputError(f"there is no model {path}; correct the path") from None
    except Exception as error:  # noqa: BLE001 - a crafted pickle can end in any exception
        reason = f"{type(error).__name__}: {error}"
        raise InputError(f"{path} is not a k-means model of scikit-learn ({reason}); take another file") from None
    state = model.state if isinstance(model, _Model) else None
    centres = state.get("cluster_centers_") if isinstance(state, Mapping) else None
    centres = centres.state if isinstance(centres, _Array) else centres
    if not (isinstance(centres, np.ndarray) and centres.ndim == TABLE and np.isfinite(centres).all()):
        raise InputError(f"{path} has no k-means centres; take a fitted KMeans or MiniBatchKMeans of scikit-learn")
    return centres.astype(np.float32)


def _read(path: Path, file: BinaryIO) -> object:
    if form := COMPRESSED.get(file.read(2)):
        raise InputError(f"{path} is compressed by {form}; write it again with joblib.dump(model, path, compress=0)")
    file.seek(0)
    return _Unpickler(file).load()


class _Inert:
    """Stands where a pickle wants an object: takes any arguments and keeps the state, which nobody looks at."""

    def __init__(self, *arguments: object) -> None:
        self.arguments = arguments
        self.state: Any = None

    def __setstate__(self, state: object) -> None:
        self.state = state


class _Model(_Inert):
    """A model, whose state is its attributes."""


class _Type(_Inert):
    """A type of numbers: dtype(code, ...), and a state whose second entry is the order of the bytes."""

    def dtype(self) -> np.dtype[Any]:
        """As numpy has it; ValueError for all but plain numbers."""
        code = self.arguments[0]
        if code not in NUMBERS:
            raise ValueError(f"an array has values of the type {code!r}")
        return np.dtype(f"{self.state[1] if self.state else '|'}{code}".replace("|", "="))


class _Array(_Inert):
    """An array as numpy pickles it: (version, shape, type, whether in Fortran's order, bytes)."""

    def __setstate__(self, state: Any) -> None:  # noqa: ANN401 - whatever a pickle holds
        _, shape, kind, fortran, data = state
        self.state = _frombuffer(data, kind, shape, "F" if fortran else "C")


class _Wrapper(_Inert):
    """An array as joblib writes it: a description here, and the bytes in the file after it."""

    def read(self, file: BinaryIO) -> NDArray[Any]:
        """The array that stands at the file's place."""
        if self.state.get("numpy_array_alignment_bytes") is not None:
            file.read(file.read(1)[0])
        shape, kind = self.state["shape"], self.state["dtype"]
        data = file.read(prod(shape) * kind.dtype().itemsize)
        return _frombuffer(data, kind, shape, self.state["order"])


def _frombuffer(data: Any, kind: Any, shape: Any, order: Any) -> NDArray[Any]:  # noqa: ANN401 - what a pickle holds
    """An array of bytes, as the function of this name in numpy, with which newer pickles make arrays."""
    return np.frombuffer(data, kind.dtype()).reshape(shape, order=order)


def _bytes(text: str, _: object) -> bytes:
    """Bytes as old protocols write them: as text."""
    return text.encode("latin1")


KMEANS = [("sklearn.cluster", part) for part in ("_kmeans", "k_means_")]
NAMES: dict[str, Callable[..., object]] = {
    **{f"{place}.{part}.{name}": _Model for place, part in KMEANS for name in ("KMeans", "MiniBatchKMeans")},
    **{f"numpy.{core}.multiarray._reconstruct": _Array for core in ("core", "_core")},
    **{f"numpy.{core}.multiarray.scalar": _Inert for core in ("core", "_core")},
    **{f"numpy.{core}.numeric._frombuffer": _frombuffer for core in ("core", "_core")},
    "_codecs.encode": _bytes,
    "numpy.ndarray": _Inert,
    "numpy.dtype": _Type,
    "joblib.numpy_pickle.NumpyArrayWrapper": _Wrapper,
    "sklearn.externals.joblib.numpy_pickle.NumpyArrayWrapper": _Wrapper,
    "numpy.random.__RandomState_ctor": _Inert,
    "numpy.random._pickle.__randomstate_ctor": _Inert,
    "numpy.random._pickle.__bit_generator_ctor": _Inert,
    "numpy.random._mt19937.MT19937": _Inert,
}


# Python's own unpickler, as the faster one reads ahead of what it needs; joblib takes the same
_Unpickling: Any = pickle._Unpickler  # type: ignore[attr-defined] # noqa: SLF001


class _Unpickler(_Unpickling):  # type: ignore[misc]
    """Classes are stand-ins of ours, and an array of joblib takes the place of its description."""

    dispatch: ClassVar = dict(_Unpickling.dispatch)

    def __init__(self, file: BinaryIO) -> None:
        super().__init__(file)
        self.file = file

    def find_class(self, module: str, name: str) -> Callable[..., object]:
        """What stands for a class or function; UnpicklingError for one that no such model needs."""
        if (known := NAMES.get(f"{module}.{name}")) is None:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}, which no such model needs")
        return known

    def load_build(self) -> None:
        """Give an object its state."""
        super().load_build()
        if isinstance(self.stack[-1], _Wrapper):
            self.stack[-1] = self.stack[-1].read(self.file)

    dispatch[pickle.BUILD[0]] = load_build
