"""K-means on stored frames, and the units that it gives."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.cluster import MiniBatchKMeans

from unitvoice.errors import InputError
from unitvoice.features.clusters import Clusters, read_clusters, write_clusters
from unitvoice.manifest import Manifest, Utterance, write_manifest
from unitvoice.store import Store, create_store
from unitvoice.units import assign, kmeans
from unitvoice.units.kmeans import learn

PARAMETERS = {"model": "HUBERT_BASE", "layer": 6, "weights": "ab"}
LENGTHS = {"calf.flac": 700, "V001_wav.wav": 900, "s.01.take": 400, "t": 60}


def make(folder, *, kind="hubert6", rate=50.0, width=6, constant=False, **parameters):
    """A store of clusters of uneven sizes."""
    random = np.random.default_rng(0)
    shares, centres = random.dirichlet(np.full(12, 2.0)), 4 * random.normal(size=(12, width))
    with create_store(folder, kind=kind, rate=rate, first=0.01, **(PARAMETERS | parameters)) as writer:
        for name, length in LENGTHS.items():
            frames = centres[random.choice(12, length, p=shares)] + random.normal(size=(length, width))
            writer.append(name, np.zeros_like(frames) if constant else frames)
    return Store(folder)


@pytest.fixture
def frames(tmp_path):
    return make(tmp_path / "frames")


def settings(**changes):
    return {"codes": 12, "batch": 300, "steps": 15, "inits": 2} | changes


def inertia(values, centres):
    return ((values[:, None] - centres[None]) ** 2).sum(axis=2).min(axis=1).mean()


def test_learned_in_pieces_the_inertia_is_that_of_scikit_learn_on_everything(frames):
    names = list(LENGTHS)[:3]
    found = learn(frames, names, **settings(inits=5))
    values = np.concatenate([frames[name] for name in names]).astype(float)
    theirs = MiniBatchKMeans(12, n_init=5, batch_size=300, random_state=0).fit(values.astype(np.float32))
    assert found.facts["inertia"] == pytest.approx(inertia(values, found.centres), rel=1e-5)
    assert found.facts["inertia"] < 1.05 * inertia(values, theirs.cluster_centers_)
    assert found.facts["frames"] == len(values) == 2000
    assert found.facts["used"] == 12
    counts = np.bincount(((values[:, None] - found.centres) ** 2).sum(axis=2).argmin(axis=1))
    shares = counts / counts.sum()
    assert found.facts["perplexity"] == pytest.approx(np.exp(-(shares * np.log(shares)).sum()))


def test_frames_of_other_utterances_count_for_nothing(frames, tmp_path):
    with create_store(tmp_path / "more", kind="hubert6", rate=50.0, first=0.01, **PARAMETERS) as writer:
        for name, values in frames.items():
            writer.append(f"before {name}", np.full_like(values, 1e3))
            writer.append(name, values)
    one, other = learn(frames, ["t"], **settings(codes=5)), learn(Store(tmp_path / "more"), ["t"], **settings(codes=5))
    assert np.array_equal(one.centres, other.centres)


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(frames, tmp_path):
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        write_clusters(learn(frames, list(LENGTHS), **settings(seed=seed)), tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert not np.array_equal(read_clusters(tmp_path / "a").centres, read_clusters(tmp_path / "c").centres)


def test_a_file_of_centres_holds_everything(frames, tmp_path):
    made = learn(frames, list(LENGTHS), **settings())
    write_clusters(made, tmp_path / "c.npz")
    again = read_clusters(tmp_path / "c.npz")
    assert np.array_equal(again.centres, made.centres)
    assert (again.frames, again.facts) == (made.frames, made.facts)
    assert again.frames == {"kind": "hubert6", "rate": 50.0, "first": 0.01, "parameters": PARAMETERS}


def test_one_unit_everywhere_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"degenerate: 1 of 12 codes are used, with a perplexity of 1\.0"):
        learn(make(tmp_path / "s", constant=True), list(LENGTHS), **settings())


def test_frames_that_cannot_be_clustered_are_told(frames):
    with pytest.raises(InputError, match=r"60 frames to learn 61 codes from; have fewer codes"):
        learn(frames, ["t"], **settings(codes=61))
    with pytest.raises(InputError, match=r"a batch of 300 frames cannot place 301 codes; make it larger"):
        learn(frames, list(LENGTHS), **settings(codes=301))
    with pytest.raises(InputError, match="lacks nobody"):
        learn(frames, ["nobody"], **settings())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"layer": 7}, "parameters is .*'layer': 7.* and was .*'layer': 6"),
        ({"weights": "cd"}, "'weights': 'cd'"),
        ({"kind": "hubert7"}, "kind is hubert7 and was hubert6"),
        ({"rate": 100.0}, r"rate is 100\.0 and was 50\.0"),
        ({"width": 7}, "has 7 values per frame, the centres 6"),
    ],
)
def test_frames_of_another_encoder_layer_or_rate_are_refused(frames, tmp_path, changes, message):
    clusters = Clusters(np.zeros((2, 6), np.float32), learn(frames, ["t"], **settings(codes=2)).frames)
    with pytest.raises(InputError, match=message):
        assign.assign(clusters, make(tmp_path / "other", **changes), ["t"], tmp_path / "units")
    assert not (tmp_path / "units").exists()


def test_the_commands_write_units_as_those_of_systems(frames, tmp_path):
    subsets = dict(zip(LENGTHS, ("unit", "unit", "voice", "test"), strict=True))
    rows = [Utterance(name, "S1", subset, f"{name}.wav", None, None, 1.0) for name, subset in subsets.items()]
    write_manifest(Manifest("made", "up", tmp_path, tuple(rows)), tmp_path / "m")
    told = ["--codes", "12", "--batch", "300", "--steps", "15", "--inits", "2"]
    kmeans.main([str(tmp_path / "m"), str(frames.folder), str(tmp_path / "c.npz"), *told])
    clusters = read_clusters(tmp_path / "c.npz")
    assert clusters.facts["frames"] == 2000
    assign.main([str(tmp_path / part) for part in ("c.npz", "m", "frames", "units")] + ["--subsets", "voice", "test"])
    parts = {part: Store(tmp_path / "units" / part) for part in ("indices", "vectors", "continuous")}
    for part, store in parts.items():
        assert list(store) == ["s.01.take", "t"]
        assert (store.rate, store.meta["first"], store.meta["kind"]) == (50.0, 0.01, part)
    for name in ("s.01.take", "t"):
        expected = ((frames[name][:, None].astype(float) - clusters.centres) ** 2).sum(axis=2).argmin(axis=1)
        assert parts["indices"][name][:, 0].tolist() == expected.tolist()
        np.testing.assert_array_equal(parts["vectors"][name], clusters.centres[expected])
        np.testing.assert_array_equal(parts["continuous"][name], frames[name])


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"\x80\x04]\x94.", b"text"])
def test_a_file_that_holds_no_centres_is_told(tmp_path, content):
    (tmp_path / "c.npz").write_bytes(content)
    with pytest.raises(InputError, match=r"c\.npz is not a file of centres"):
        read_clusters(tmp_path / "c.npz")


def test_centres_that_are_not_numbers_are_told(tmp_path):
    made = Clusters(np.zeros((2, 3), np.float32), {"kind": "hubert6"})
    write_clusters(replace(made, centres=np.full((2, 3), np.nan, np.float32)), tmp_path / "nan.npz")
    write_clusters(replace(made, centres=np.zeros(3, np.float32)), tmp_path / "flat.npz")
    for name in ("nan.npz", "flat.npz"):
        with pytest.raises(InputError, match="is damaged"):
            read_clusters(tmp_path / name)
    with pytest.raises(InputError, match="absent"):
        read_clusters(tmp_path / "absent.npz")
