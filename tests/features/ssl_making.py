"""Small encoders with random weights, on disk in the formats of the large ones."""

import torch
import torchaudio
from torchaudio.models import wav2vec2_model, wavlm_model

SIZES = {"base": (False, "group_norm", False), "large": (True, "layer_norm", True)}  # as the published ones differ
CONVOLUTIONS = [(8, 10, 5), *[(8, 3, 2)] * 4, *[(8, 2, 2)] * 2]
PARAMETERS = {
    "extractor_conv_layer_config": CONVOLUTIONS,
    "encoder_embed_dim": 16,
    "encoder_projection_dropout": 0.1,
    "encoder_pos_conv_kernel": 8,
    "encoder_pos_conv_groups": 2,
    "encoder_num_layers": 3,
    "encoder_num_heads": 2,
    "encoder_attention_dropout": 0.1,
    "encoder_ff_interm_features": 24,
    "encoder_ff_interm_dropout": 0.1,
    "encoder_dropout": 0.1,
    "encoder_layer_drop": 0.1,
    "aux_num_out": None,
}
WAVLM = {"encoder_num_buckets": 8, "encoder_max_distance": 20}


def parameters(size="base"):
    """Of a small network built like the published ones of a size."""
    first, mode, bias = SIZES[size]
    return PARAMETERS | {"extractor_mode": mode, "extractor_conv_bias": bias, "encoder_layer_norm_first": first}


def network(size="base", *, wavlm=False, seed=0):
    """A small network of torchaudio."""
    torch.manual_seed(seed)
    made = wavlm_model(**parameters(size), **WAVLM) if wavlm else wav2vec2_model(**parameters(size))
    return _disturbed(made)


def _disturbed(made, by=0.05):
    """A network none of whose weights is 1 or 0, so that each has to be read."""
    for value in made.state_dict().values():
        value.add_(by * torch.randn_like(value))
    return made.eval()


def bundle(size="base", path="tiny.pth"):
    """What torchaudio would know of such a network, if it were published."""
    kind = torchaudio.pipelines.Wav2Vec2Bundle
    return kind(path, parameters(size), 16_000, _normalize_waveform=size == "large", _model_type="Wav2Vec2")


def transformers_folder(kind, size, folder):
    """A small model of the library transformers, saved to a folder."""
    import transformers  # noqa: PLC0415 - it takes seconds

    first, mode, bias = SIZES[size]
    names = {"hubert": "Hubert", "wav2vec2": "Wav2Vec2", "wavlm": "WavLM"}
    config = getattr(transformers, f"{names[kind]}Config")(
        hidden_size=16,
        num_hidden_layers=3,
        num_attention_heads=2,
        intermediate_size=24,
        conv_dim=[8] * 7,
        conv_bias=bias,
        feat_extract_norm=mode.removesuffix("_norm"),
        do_stable_layer_norm=first,
        num_conv_pos_embeddings=8,
        num_conv_pos_embedding_groups=2,
    )
    torch.manual_seed(0)
    model = getattr(transformers, f"{names[kind]}Model")(config)
    _disturbed(model, 0.3).save_pretrained(folder)
    return model


def cpc_weights(channels=6, width=5, layers=2, seed=0):
    """A state dict with the names and shapes of the modified CPC."""
    random = torch.Generator().manual_seed(seed)

    def made(*shape):
        return torch.randn(*shape, generator=random) / shape[-1] ** 0.5

    weights = {}
    for number, kernel in enumerate((10, 8, 4, 4, 4)):
        weights[f"gEncoder.conv{number}.weight"] = made(channels, channels if number else 1, kernel)
        weights[f"gEncoder.conv{number}.bias"] = made(channels)
        weights[f"gEncoder.batchNorm{number}.weight"] = 1 + made(1, channels, 1)
        weights[f"gEncoder.batchNorm{number}.bias"] = made(1, channels, 1)
    for number in range(layers):
        weights[f"gAR.baseNet.weight_ih_l{number}"] = made(4 * width, width if number else channels)
        weights[f"gAR.baseNet.weight_hh_l{number}"] = made(4 * width, width)
        weights[f"gAR.baseNet.bias_ih_l{number}"] = made(4 * width)
        weights[f"gAR.baseNet.bias_hh_l{number}"] = made(4 * width)
    return weights
