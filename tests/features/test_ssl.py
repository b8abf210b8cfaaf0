"""Kinds of frames from pretrained encoders: where weights come from, and what is told of them."""

import json
import pickle
from argparse import Namespace
from pathlib import Path

import numpy as np
import pytest
import torch
import torchaudio
from features.ssl_making import bundle, cpc_weights, network, transformers_folder
from safetensors.torch import load_file, save_file
from torchaudio.models.wav2vec2.utils import import_huggingface_model

from unitvoice.errors import InputError
from unitvoice.features.extract import main
from unitvoice.features.ssl import ssl_kind
from unitvoice.manifest import read_manifest
from unitvoice.store import Store


@pytest.fixture
def tiny(tmp_path, monkeypatch):
    """The file of weights of a small network that torchaudio knows as TINY."""
    monkeypatch.setattr(torchaudio.pipelines, "TINY", bundle(), raising=False)
    torch.save(network().state_dict(), tmp_path / "tiny.pth")
    return tmp_path / "tiny.pth"


def kind(**values):
    return ssl_kind(values, "the test")


def noise(samples):
    return (0.1 * np.random.default_rng(0).standard_normal(samples)).astype(np.float32)


@pytest.mark.parametrize(("name", "size"), [("hubert", "base"), ("wav2vec2", "large"), ("wavlm", "base")])
def test_a_layer_has_the_same_number_in_transformers_and_torchaudio(name, size, tmp_path):
    model = transformers_folder(name, size, tmp_path)
    wave = noise(3200)
    samples = torch.tensor(wave)
    if size == "large":
        samples = torch.nn.functional.layer_norm(samples, samples.shape)
    with torch.inference_mode():
        states = model(torch.nn.functional.pad(samples, (40, 40))[None], output_hidden_states=True).hidden_states
    for layer in (1, 2):
        found = kind(path=tmp_path, layer=layer).compute(wave)
        np.testing.assert_allclose(found, states[layer][0], rtol=2e-3, atol=2e-3)
        assert not np.allclose(found, states[layer + 1][0], atol=0.05)


def test_weights_in_both_formats_give_the_same_frames_and_the_same_hash(tmp_path, monkeypatch):
    imported = import_huggingface_model(transformers_folder("hubert", "base", tmp_path))
    torch.save(imported.state_dict(), tmp_path / "file.pth")
    monkeypatch.setattr(torchaudio.pipelines, "TINY", bundle(), raising=False)
    one, other = kind(path=tmp_path, layer=2), kind(model="TINY", path=tmp_path / "file.pth", layer=2)
    assert one.parameters["weights"] == other.parameters["weights"]
    assert np.array_equal(one.compute(noise(3200)), other.compute(noise(3200)))


def test_a_kind_tells_its_rate_and_which_weights_it_has(tiny):
    found = kind(model="TINY", path=tiny, layer=2)
    assert (found.rate, found.first, found.dtype) == (50.0, 0.01, "float16")
    assert found.compute(noise(640)).dtype == np.float16
    assert found.parameters["model"] == "TINY"
    assert found.parameters["layer"] == 2
    assert len(found.parameters["weights"]) == 64
    torch.save(network(seed=1).state_dict(), tiny)
    assert kind(model="TINY", path=tiny, layer=2).parameters["weights"] != found.parameters["weights"]


def test_a_store_of_an_encoder_tells_its_facts_and_does_not_depend_on_threads(tiny, tiny_manifest_folder, tmp_path):
    told = ["--ssl", json.dumps({"model": "TINY", "layer": 2, "path": str(tiny)}), "--device", "cpu"]
    for jobs in ("1", "3"):
        main([str(tiny_manifest_folder), "tiny2", str(tmp_path / jobs), *told, "--jobs", jobs])
    store = Store(tmp_path / "1")
    assert store.meta["kind"] == "tiny2"
    assert (store.rate, store.meta["first"], store.width) == (50.0, 0.01, 16)
    assert set(store.meta["parameters"]) == {"model", "layer", "weights"}
    for utterance in read_manifest(tiny_manifest_folder).utterances:
        assert store.rows(utterance.utterance) == np.ceil(round(utterance.seconds * 16_000) / 320)
    for path in (tmp_path / "1").iterdir():
        assert path.read_bytes() == (tmp_path / "3" / path.name).read_bytes()
    with pytest.raises(InputError, match="logmel is a kind of frames already"):
        main([str(tiny_manifest_folder), "logmel", str(tmp_path / "s"), *told])


def test_weights_are_taken_from_the_cache_of_torchaudio(tiny, monkeypatch):
    monkeypatch.setattr(torch.hub, "_hub_dir", str(tiny.parent))
    (tiny.parent / "checkpoints").mkdir()
    tiny.rename(tiny.parent / "checkpoints" / "tiny.pth")
    assert kind(model="TINY", layer=1).compute(noise(640)).shape == (2, 16)


def test_weights_that_cannot_be_downloaded_are_one_sentence_with_the_cure(tmp_path, monkeypatch):
    absent = bundle(path=f"https://localhost:9/{tmp_path.name}/tiny.pth")
    monkeypatch.setattr(torchaudio.pipelines, "TINY", absent, raising=False)
    monkeypatch.setattr(torch.hub, "_hub_dir", str(tmp_path))
    with pytest.raises(InputError, match=r"TINY cannot be downloaded .*TINY\.get_model\(\).*give the file as path"):
        kind(model="TINY", layer=1)


def test_weights_of_another_network_are_refused(tiny):
    torch.save(network("large").state_dict(), tiny)
    with pytest.raises(InputError, match=r"tiny\.pth does not hold the weights of TINY \(Error"):
        kind(model="TINY", path=tiny, layer=1)


class Malice:
    """Leaves a file behind when it is unpickled."""

    def __init__(self, place):
        self.place = place

    def __reduce__(self):  # noqa: D105
        return Path.touch, (self.place,)


@pytest.mark.parametrize("model", ["TINY", "cpc"])
def test_what_is_pickled_with_weights_is_never_run(tiny, model):
    torch.save({"weights": cpc_weights(), "more": Malice(tiny.parent / "harmed")}, tiny)
    with pytest.raises(InputError, match=f"does not hold the weights of {model}"):
        kind(model=model, path=tiny, layer=1)
    pickle.loads(pickle.dumps(Malice(tiny.parent / "able to harm")))  # noqa: S301
    assert (tiny.parent / "able to harm").exists()
    assert not (tiny.parent / "harmed").exists()


@pytest.mark.parametrize("content", [b"", b"\x00" * 100, b"PK\x03\x04 cut off"])
def test_a_damaged_file_is_one_sentence(tiny, content):
    tiny.write_bytes(content)
    with pytest.raises(InputError, match=r"tiny\.pth does not hold the weights of TINY"):
        kind(model="TINY", path=tiny, layer=1)


def test_a_folder_that_lacks_weights_is_refused(tmp_path):
    transformers_folder("hubert", "base", tmp_path)
    weights = load_file(tmp_path / "model.safetensors")
    del weights["encoder.layers.1.attention.k_proj.bias"]
    save_file(weights, tmp_path / "model.safetensors", {"format": "pt"})
    with pytest.raises(InputError, match=r"lacks the weights encoder\.layers\.1\.attention\.k_proj\.bias of a hubert"):
        kind(path=tmp_path, layer=1)
    (tmp_path / "model.safetensors").unlink()
    with pytest.raises(InputError, match=r"has no model\.safetensors"):
        kind(path=tmp_path, layer=1)
    (tmp_path / "config.json").write_text('{"model_type": "bert"}')
    with pytest.raises(InputError, match="type 'bert'; known are hubert"):
        kind(path=tmp_path, layer=1)


def test_published_cpc_weights_are_read_with_what_stands_around_them(tmp_path):
    weights = cpc_weights() | {"wPrediction.predictors.0.weight": torch.ones(2, 2)}
    torch.save(weights, tmp_path / "plain.pt")
    torch.save({"config": Namespace(layers=2), "weights": weights}, tmp_path / "wrapped.pt")
    plain, wrapped = (kind(model="cpc", path=tmp_path / name, layer=2) for name in ("plain.pt", "wrapped.pt"))
    assert (plain.rate, plain.first) == (100.0, 0.005)
    assert plain.parameters == wrapped.parameters
    assert np.array_equal(plain.compute(noise(1000)), wrapped.compute(noise(1000)))
    assert plain.parameters["weights"] != kind(model="cpc", path=tmp_path / "plain.pt", layer=1).parameters["weights"]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"layer": 1}, "weights of an encoder do not tell its model"),
        ({"model": "cpc", "layer": 1}, "weights of cpc are not downloaded"),
        ({"model": "HUBERT_BIG", "layer": 1}, "unknown model 'HUBERT_BIG'; known are cpc, HUBERT_ASR_LARGE"),
        ({"model": "TINY", "layer": 0}, "the test is not valid: layer"),
        ({"model": "TINY", "layers": 1}, "layers: unknown key"),
        ({"model": "TINY", "layer": 4, "path": "tiny.pth"}, "TINY has 3 layers; there is no layer 4"),
        ({"model": "TINY", "layer": 1, "path": "other.pth"}, r"no file of weights .*other\.pth"),
        ({"model": "TINY", "layer": 1, "path": "."}, "is a folder, which tells its model itself"),
        ({"layer": 1, "path": "."}, r"has no config\.json"),
        ({"layer": 1, "path": "tiny.pth"}, r"tiny\.pth do not tell its model; name it"),
    ],
)
def test_wrong_settings_are_one_sentence(tiny, monkeypatch, values, message):
    monkeypatch.chdir(tiny.parent)
    with pytest.raises(InputError, match=message):
        kind(**values)


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ({"a": torch.ones(2)}, "there is no 'convolutions.0.weight'"),
        (cpc_weights(layers=1), "has 1 layers of LSTM; there is no layer 2"),
        ({name: value for name, value in cpc_weights().items() if "Norm3" not in name}, "Missing key.*norms.3.weight"),
        ([1, 2], "there is no"),
    ],
)
def test_files_without_a_cpc_encoder_are_refused(tmp_path, weights, message):
    torch.save(weights, tmp_path / "cpc.pt")
    with pytest.raises(InputError, match=message):
        kind(model="cpc", path=tmp_path / "cpc.pt", layer=2)
