"""Shards become one folder, whole or not at all."""

import numpy as np
import pytest
from unsealing import contents

from unitvoice import audio
from unitvoice.conversion.gather import main
from unitvoice.errors import InputError
from unitvoice.provenance import Origin, sealed, verified


def shard(folder, names, model="1f"):
    with sealed(folder, f"{len(names)} conversions", {"model": Origin("vqvae-mel", model)}) as beside:
        beside.mkdir()
        for name in names:
            audio.write(beside / f"{name}.wav", np.full(100, 0.1))
    return str(folder)


def test_the_wavs_of_all_shards_come_together_with_where_they_came_from(tmp_path):
    main([str(tmp_path / "all"), shard(tmp_path / "1", "ab"), shard(tmp_path / "2", ""), shard(tmp_path / "3", "c")])
    assert sorted(contents(tmp_path / "all")) == ["a.wav", "b.wav", "c.wav"]
    assert verified(tmp_path / "all").made_of["model"] == Origin("vqvae-mel", "1f")


def test_shards_of_two_models_are_refused(tmp_path):
    with pytest.raises(InputError, match="2 was made of the model vqvae-mel"):
        main([str(tmp_path / "all"), shard(tmp_path / "1", "ab"), shard(tmp_path / "2", "c", model="2e")])
    assert not (tmp_path / "all").exists()


def test_a_shard_with_a_changed_wav_is_refused(tmp_path):
    place = shard(tmp_path / "1", "ab")
    (tmp_path / "1" / "b.wav").write_bytes((tmp_path / "1" / "a.wav").read_bytes()[:-2])
    with pytest.raises(InputError, match=r"1 is damaged: b\.wav is not as it was written"):
        main([str(tmp_path / "all"), place])


def test_two_wavs_of_one_name_are_refused(tmp_path):
    with pytest.raises(InputError, match=r"several shards have the conversions a\.wav"):
        main([str(tmp_path / "all"), shard(tmp_path / "1", "ab"), shard(tmp_path / "2", "a")])
