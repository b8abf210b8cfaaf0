"""The checked configuration, the names derived from it, and the helpers that the rules share."""

import json
import re
import shlex
import sys

sys.path.insert(0, str(Path(workflow.basedir) / "src"))

from unitvoice.errors import InputError
from unitvoice.workflow import Plan, digest

try:
    PLAN = Plan.of(config, Path(workflow.basedir))
except InputError as error:
    print(f"error: {error}", file=sys.stderr)
    sys.exit(2)


# every command finds the package, from any working directory and in a conda environment too. What is about this machine
# alone is told here and not in params, as another device or more workers are no reason to train again
shell.prefix(
    f"set -euo pipefail; export PYTHONPATH={shlex.quote(str(PLAN.root / 'src'))};"
    f" device='--device {PLAN.device}'; loading='{PLAN.loading_options}';"
    f" placement='{PLAN.placement.options}{' --requeue' if workflow.remote_exec else ''}'; "
)


pathvars:
    results=f"results/{PLAN.corpus}",
    logs=f"logs/{PLAN.corpus}",
    benchmarks=f"benchmarks/runs/{PLAN.corpus}",


wildcard_constraints:
    language="|".join(PLAN.languages),
    system="|".join(PLAN.trained),
    joined="|".join(PLAN.joined) or "(?!)",  # nothing, where nothing is joined
    seed="[0-9]+",
    run="(seed|untrained)-[0-9]+",
    kind="[a-z0-9-]+",


def grown(first):
    """Memory or time, such as 4GB or 2h, that is asked for first, and as many times that as a job has been tried."""
    number, unit = re.fullmatch("([0-9]+)([A-Za-z]+)", first).groups()
    return lambda wildcards, attempt: f"{int(number) * attempt}{unit}"


def training_cpus(wildcards, threads):
    """CPUs of a task of the training."""
    return PLAN.placement.cpus(threads)


def variant(wildcards):
    """What a rule's system is."""
    return PLAN.trained[wildcards.system]


def vocoder_seeds(wildcards):
    """Seeds of the network that speaks what a rule's system decodes; none where there is no such network."""
    found = PLAN.vocoder_of(variant(wildcards))
    return found.seeds if found else ()


def speaking_code(wildcards):
    """Hash of the code that makes sound of a rule's units."""
    speakers = [variant(wildcards), PLAN.vocoder_of(variant(wildcards))]
    return digest("unitvoice.conversion.convert", *(one.module for one in speakers if one))


def of_variants(pattern, first=False, speaking=False, **values):
    """A pattern for all languages and variants, with all seeds or the first, of those that speak or of all."""
    return [
        path
        for one in PLAN.variants.values()
        if one.speaks or not speaking
        for path in collect(
            pattern, language=PLAN.languages, system=one.name, seed=one.seeds[:1] if first else one.seeds, **values
        )
    ]


def per_language(flag, *names):
    """An option per language with some of the rule's inputs, as `--language english MANIFEST UNITS/vectors`."""

    def options(wildcards, input):
        places = []
        for number, language in enumerate(PLAN.languages):
            parts = (name.partition("/") for name in names)
            inputs = [f"{getattr(input, name)[number]}{slash}{rest}" for name, slash, rest in parts]
            places.append(" ".join([flag, language, *inputs]))
        return " ".join(places)

    return options


def of_language(key, flag):
    """An option with a path of the configuration, for the rule's language; none without such a path."""

    def option(wildcards):
        path = PLAN.config["evaluation"].get(key)
        return f"{flag} {shlex.quote(path.replace('{language}', wildcards.language))}" if path else ""

    return option
