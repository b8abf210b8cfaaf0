#!/usr/bin/env bash
# Builds the organisers' packages in the active environment of zerospeech2020.yaml; Snakemake runs it by itself.
set -euo pipefail

sources=$(mktemp -d)
trap 'rm -rf "$sources"' EXIT

install() { # repository, commit or branch
    git clone --quiet "https://github.com/bootphon/$1.git" "$sources/$1"
    git -C "$sources/$1" checkout --quiet "$2"
    # a build requirement that would be fetched behind pip's back and is used by nothing here
    sed -i -E "s/['\"]pytest-runner[^'\"]*['\"],?//" "$sources/$1/setup.py"
    python -m pip install --quiet --no-deps --no-build-isolation "$sources/$1"
}

install h5features 067cc5f # branch v1: the main branch is a rewrite without the calls that ABXpy makes
install tdev2 a72467f      # the main branch is another package, tde
install ABXpy master
install zerospeech2020 master

python - <<'PYTHON'
from importlib.metadata import version

wanted = {"ABXpy": "0.4.3", "zerospeech2020": "0.2"}
wrong = {name: version(name) for name, number in wanted.items() if version(name) != number}
if wrong:
    raise SystemExit(f"these versions differ from {wanted}, with which our scores were compared: {wrong}")
PYTHON
zerospeech2020-validate --help >/dev/null
zerospeech2020-evaluate --help >/dev/null
