"""Speaker verification by WavLM: a small one with random weights, on disk, through the same code."""

import json

import numpy as np
import pytest
import torch
from features.ssl_making import PARAMETERS

from unitvoice.errors import InputError
from unitvoice.evaluation.listening.speaker import main
from unitvoice.evaluation.listening.speaker_verification import WavlmSpeaker, create_voice_encoder


@pytest.fixture(scope="module")
def wavlm(tmp_path_factory):
    """The folder of a small WavLM with x-vectors."""
    import transformers  # noqa: PLC0415 - it takes seconds

    folder = tmp_path_factory.mktemp("wavlm")
    config = transformers.WavLMConfig(
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=PARAMETERS["encoder_ff_interm_features"],
        conv_dim=[8] * 7,
        num_conv_pos_embeddings=8,
        num_conv_pos_embedding_groups=2,
        num_buckets=8,
        max_bucket_distance=20,
        tdnn_dim=[16, 16, 16, 16, 24],
        xvector_output_dim=12,
    )
    torch.manual_seed(0)
    transformers.WavLMForXVector(config).save_pretrained(folder)
    transformers.Wav2Vec2FeatureExtractor(do_normalize=True).save_pretrained(folder)
    return folder


def test_an_embedding_is_that_of_the_library_and_of_norm_one_whatever_the_length(wavlm):
    import transformers  # noqa: PLC0415 - it takes seconds

    encoder = WavlmSpeaker(str(wavlm))
    wave = np.random.default_rng(0).standard_normal(20_000).astype(np.float32)
    found = encoder.embed(wave)
    normal = torch.from_numpy((wave - wave.mean()) / np.sqrt(wave.var() + 1e-7))[None]
    with torch.inference_mode():
        expected = transformers.WavLMForXVector.from_pretrained(wavlm).eval()(normal).embeddings[0]
    np.testing.assert_allclose(found, expected / expected.norm(), atol=1e-5)
    assert np.linalg.norm(encoder.embed(wave[:100])) == pytest.approx(1, abs=1e-5)
    assert len(encoder.weights_hash) == 64


def test_conversions_are_judged_by_the_encoder_that_was_chosen(wavlm, tiny_manifest, tiny_manifest_folder, tmp_path):
    converted = tmp_path / "converted"
    converted.mkdir()
    by_name = tiny_manifest.by_name()
    for trial in tiny_manifest.trials:
        (converted / f"{trial.name}.wav").write_bytes(tiny_manifest.path(by_name[trial.source]).read_bytes())
    arguments = [str(tiny_manifest_folder), str(converted), str(tmp_path / "out.json"), "--most", "2"]
    main([*arguments, "--encoder", f"wavlm:{wavlm}"])
    assert json.loads((tmp_path / "out.json").read_text())["judge"]["name"] == f"WavLM speaker verification, {wavlm}"


def test_an_unknown_encoder_and_a_folder_without_one_are_refused_with_the_cure(tmp_path):
    with pytest.raises(InputError, match="there are ge2e and wavlm:MODEL"):
        create_voice_encoder("x")
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(InputError, match="save_pretrained"):
        create_voice_encoder(f"wavlm:{tmp_path}")
