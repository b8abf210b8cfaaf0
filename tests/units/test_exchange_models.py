"""Models of scikit-learn, and pickles that would like to be taken for one."""

import io
import os
import pickle
import pickletools

import joblib
import numpy as np
import pytest
from sklearn.cluster import KMeans, MiniBatchKMeans

from unitvoice.errors import InputError
from unitvoice.store import Store, create_store
from unitvoice.units.exchange_models import import_clusters, read_scikit_learn


def fitted(kind=MiniBatchKMeans, dtype=np.float32, codes=5, width=4):
    frames = np.random.default_rng(0).normal(size=(200, width)).astype(dtype)
    return kind(codes, n_init=1, random_state=np.random.RandomState(0)).fit(frames)


@pytest.mark.parametrize("kind", [KMeans, MiniBatchKMeans])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_models_of_joblib_and_of_every_protocol_of_pickle_are_read(tmp_path, kind, dtype):
    model = fitted(kind, dtype)
    joblib.dump(model, tmp_path / "joblib")
    for protocol in range(2, 6):
        (tmp_path / f"{protocol}").write_bytes(pickle.dumps(model, protocol))
        joblib.dump(model, tmp_path / f"joblib {protocol}", protocol=protocol)
    for path in tmp_path.iterdir():
        centres = read_scikit_learn(path)
        assert centres.dtype == np.float32
        np.testing.assert_array_equal(centres, model.cluster_centers_.astype(np.float32))


def test_centres_in_the_order_of_fortran_and_with_foreign_bytes_keep_their_places(tmp_path):
    for name, change in (("f", np.asfortranarray), ("b", lambda x: x.astype(">f4"))):
        model = fitted()
        expected = model.cluster_centers_.copy()
        model.cluster_centers_ = change(expected)
        joblib.dump(model, tmp_path / f"{name} joblib")
        (tmp_path / f"{name} pickle").write_bytes(pickle.dumps(model, 4))
        for way in ("joblib", "pickle"):
            np.testing.assert_array_equal(read_scikit_learn(tmp_path / f"{name} {way}"), expected)


def test_old_names_of_modules_are_known(tmp_path):
    content = pickle.dumps(fitted(), 2)
    old = content.replace(b"sklearn.cluster._kmeans\n", b"sklearn.cluster.k_means_\n")
    assert old != content
    (tmp_path / "old").write_bytes(old)
    assert read_scikit_learn(tmp_path / "old").shape == (5, 4)


class Harm:
    """Makes a file when it is unpickled."""

    def __init__(self, call, *arguments):
        self.call, self.arguments = call, arguments

    def __reduce__(self):  # noqa: D105
        return self.call, self.arguments


@pytest.mark.parametrize(
    "call", [lambda path: Harm(os.system, f"touch {path}"), lambda path: Harm(eval, f"open({str(path)!r}, 'w')")]
)
@pytest.mark.parametrize("where", ["alone", "attribute", "centres", "array of objects"])
def test_a_malicious_pickle_is_refused_before_it_does_anything(tmp_path, call, where):
    harm = call(tmp_path / "harmed")
    model = fitted()
    if where == "attribute":
        model.verbose = harm
    elif where == "centres":
        model.cluster_centers_ = harm
    elif where == "array of objects":
        model.cluster_centers_ = np.array([[harm]], dtype=object)
    content = harm if where == "alone" else model
    joblib.dump(content, tmp_path / "joblib")
    (tmp_path / "pickle").write_bytes(pickle.dumps(content))
    for path in (tmp_path / "joblib", tmp_path / "pickle"):
        with pytest.raises(InputError, match=rf"{path.name} is not a k-means model of scikit-learn \("):
            read_scikit_learn(path)
    assert not (tmp_path / "harmed").exists()
    pickle.loads((tmp_path / "pickle").read_bytes())  # noqa: S301 - it would have
    assert (tmp_path / "harmed").exists()


@pytest.mark.parametrize("operation", [b"cbuiltins\nexec\n(Vraise SystemExit\ntR.", b"(iposix\nsystem\n.", b"P1\n."])
def test_no_operation_of_the_pickle_machine_gets_by(tmp_path, operation):
    pickletools.dis(operation, io.StringIO())
    (tmp_path / "p").write_bytes(operation)
    with pytest.raises(InputError, match="is not a k-means model"):
        read_scikit_learn(tmp_path / "p")


@pytest.mark.parametrize("cut", [0, 1, 30, 200, -1])
def test_a_file_that_is_cut_off_or_changed_is_told(tmp_path, cut):
    joblib.dump(fitted(), tmp_path / "whole")
    (tmp_path / "p").write_bytes((tmp_path / "whole").read_bytes()[:cut])
    with pytest.raises(InputError, match="p is not a k-means model"):
        read_scikit_learn(tmp_path / "p")


def test_models_without_centres_and_other_things_are_told(tmp_path):
    for number, content in enumerate([MiniBatchKMeans(3), {"cluster_centers_": np.zeros((2, 2))}, [1, 2], None]):
        joblib.dump(content, tmp_path / f"{number}")
        with pytest.raises(InputError, match="has no k-means centres"):
            read_scikit_learn(tmp_path / f"{number}")
    joblib.dump(fitted(), tmp_path / "z", compress=3)
    with pytest.raises(InputError, match=r"z is compressed by zlib; write it again with joblib\.dump"):
        read_scikit_learn(tmp_path / "z")
    with pytest.raises(InputError, match="there is no model"):
        read_scikit_learn(tmp_path / "absent")


def test_imported_centres_are_of_the_frames_that_they_are_said_to_be_of(tmp_path):
    joblib.dump(fitted(), tmp_path / "km.bin")
    for name, width in (("right", 4), ("wrong", 5)):
        with create_store(tmp_path / name, kind="hubert6", rate=50.0, first=0.01, layer=6) as writer:
            writer.append("a", np.zeros((3, width)))
    clusters = import_clusters(tmp_path / "km.bin", Store(tmp_path / "right"))
    assert clusters.frames == {"kind": "hubert6", "rate": 50.0, "first": 0.01, "parameters": {"layer": 6}}
    assert clusters.facts == {"imported": "km.bin"}
    with pytest.raises(InputError, match="has 5 values per frame, the centres 4"):
        import_clusters(tmp_path / "km.bin", Store(tmp_path / "wrong"))
