"""Recognisers that have to be downloaded: small ones with random weights, on disk, through the same code."""

import json
import sys

import numpy as np
import pytest
import torch
import torchaudio
from features.ssl_making import parameters

from unitvoice.audio import RATE
from unitvoice.errors import InputError
from unitvoice.evaluation.listening.catalogue import create_judge
from unitvoice.evaluation.listening.judge import Heard

LABELS = ("|", *"ETAOINSHR")


@pytest.fixture(scope="module")
def wave():
    return np.random.default_rng(0).standard_normal(RATE).astype(np.float32) / 10


def recogniser(size, seed=0):
    torch.manual_seed(seed)
    return torchaudio.models.wav2vec2_model(**parameters(size) | {"aux_num_out": 1 + len(LABELS)})


@pytest.fixture(params=["base", "large"])
def ctc(request, tmp_path, monkeypatch):
    """The name of a judge, whose network torchaudio would know if it were published, and the network."""
    size = request.param
    values = parameters(size) | {"aux_num_out": 1 + len(LABELS)}
    known = torchaudio.pipelines.Wav2Vec2ASRBundle(
        "tiny.pth", values, RATE, size == "large", "Wav2Vec2", _labels=LABELS, _remove_aux_axis=()
    )
    monkeypatch.setattr(torchaudio.pipelines, "TINY", known, raising=False)
    network = recogniser(size).eval()
    torch.save(network.state_dict(), tmp_path / "tiny.pth")
    return f"ctc:TINY={tmp_path / 'tiny.pth'}", network


def collapsed(frames):
    """Labels by the rule of CTC, one frame at a time."""
    text, last = "", 0
    for label in frames:
        if label not in (0, last):
            text += (" ", *LABELS[1:])[label - 1].lower()
        last = label
    return " ".join(text.split())


@torch.inference_mode()
def test_ctc_hears_the_likeliest_labels_without_repeats_and_blanks(ctc, wave):
    name, network = ctc
    judge = create_judge(name, {})
    samples = torch.from_numpy(wave)[None]
    if network.feature_extractor.conv_layers[0].conv.bias is not None:  # the large ones expect such recordings
        samples = (samples - samples.mean()) / (samples.var(correction=0) + 1e-5).sqrt()
    assert judge.transcribe(wave) == collapsed(network(samples)[0][0].argmax(dim=-1).tolist()) != ""
    assert judge.transcribe(wave[:10]) is not None


def test_ctc_compares_with_the_text_or_with_what_it_hears_in_the_source(ctc, wave):
    judge = create_judge(ctc[0], {})
    assert judge.score(Heard(wave, wave)) == {"ctc_character_errors": 0}
    assert judge.score(Heard(wave, wave, "!")) == {}
    other = judge.score(Heard(wave, wave, "a text that is not said, and that is longer"))
    assert other["ctc_character_errors"] > 0
    assert judge.name == "TINY of torchaudio"
    assert len(judge.weights) == 64


@pytest.fixture(scope="module")
def whisper(tmp_path_factory):
    """The folder of a small Whisper."""
    import transformers  # noqa: PLC0415 - it takes seconds

    folder = tmp_path_factory.mktemp("whisper")
    letters = [chr(code) for code in range(33, 127)] + ["\u0120"]
    special = ["<|endoftext|>", "<|startoftranscript|>", "<|en|>", "<|transcribe|>", "<|notimestamps|>"]
    vocabulary = {token: number for number, token in enumerate([*letters, *special])}
    (folder / "vocab.json").write_text(json.dumps(vocabulary))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    tokenizer = transformers.WhisperTokenizer(
        vocab=str(folder / "vocab.json"),
        merges=str(folder / "merges.txt"),
        unk_token="<|endoftext|>",  # noqa: S106 - a token of text
    )
    extractor = transformers.WhisperFeatureExtractor(feature_size=80)
    transformers.WhisperProcessor(extractor, tokenizer).save_pretrained(folder)
    end = vocabulary["<|endoftext|>"]
    sizes = {f"{part}_{kind}": 1 for part in ("encoder", "decoder") for kind in ("layers", "attention_heads")}
    sizes |= {"encoder_ffn_dim": 16, "decoder_ffn_dim": 16, "d_model": 16}
    config = transformers.WhisperConfig(
        vocab_size=len(vocabulary),
        decoder_start_token_id=end + 1,
        bos_token_id=end,
        eos_token_id=end,
        pad_token_id=end,
        begin_suppress_tokens=[end],
        suppress_tokens=[],
        **sizes,
    )
    torch.manual_seed(0)
    model = transformers.WhisperForConditionalGeneration(config)
    model.generation_config.no_timestamps_token_id = vocabulary["<|notimestamps|>"]
    model.save_pretrained(folder)
    return folder


def test_whisper_reads_a_folder_and_hears_the_same_twice(whisper, wave):
    judge = create_judge(f"whisper:{whisper}", {})
    heard = judge.transcribe(wave)
    assert heard == judge.transcribe(wave) != ""
    assert judge.score(Heard(wave, wave)) == {"whisper_word_errors": 0, "whisper_character_errors": 0}
    assert judge.version.startswith("transformers ")
    assert len(judge.weights) == 64


def test_a_missing_model_or_library_is_named_with_the_cure(monkeypatch, tmp_path):
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(InputError, match=r"no model of Whisper .*save_pretrained"):
        create_judge(f"whisper:{tmp_path}", {})
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(InputError, match=r"pip install 'unitvoice\[ssl\]'"):
        create_judge("whisper:any", {})


HUB = """
dependencies = ["torch"]
import torch

class Loudness(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.scale = torch.nn.Parameter(torch.tensor(4.0))

    def forward(self, wave, rate):
        assert rate == 16000
        return 1 + self.scale * wave.square().mean(dim=1).sqrt()

def utmos22_strong(**options):
    return Loudness()
"""


def test_utmos_is_loaded_from_a_folder_in_the_form_of_the_hub_and_has_no_opinion_of_silence(tmp_path, wave):
    (tmp_path / "hubconf.py").write_text(HUB)
    judge = create_judge(f"utmos:{tmp_path}", {})
    assert judge.score(Heard(wave, wave))["utmos"] == pytest.approx(1 + 4 * np.sqrt(np.mean(wave**2)), rel=1e-5)
    assert judge.score(Heard(0 * wave, wave)) == {}
    assert len(judge.weights) == 64


@pytest.mark.parametrize("content", ["", "def utmos22_strong(**options):\n    return 3\n", "raise OSError('x')\n"])
def test_a_folder_that_has_no_utmos_is_refused_with_the_cure(tmp_path, content):
    (tmp_path / "hubconf.py").write_text(content)
    with pytest.raises(InputError, match=r"tarepan/SpeechMOS:v1\.2\.0"):
        create_judge(f"utmos:{tmp_path}", {})
