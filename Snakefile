"""From raw speech to a scored, valid submission: corpus, features, training, units, conversion, scores, report."""

from snakemake.utils import min_version

min_version("9.22")


configfile: "config.yaml"


report: "workflow/report/workflow.rst"


include: "workflow/rules/common.smk"
include: "workflow/rules/corpus.smk"
include: "workflow/rules/features.smk"
include: "workflow/rules/training.smk"
include: "workflow/rules/units.smk"
include: "workflow/rules/conversion.smk"
include: "workflow/rules/evaluation.smk"
include: "workflow/rules/submission.smk"
include: "workflow/rules/report.smk"


localrules:
    all,
    fetch_archive,
    unpack_archives,
    resolve_recipe,
    convert_trials,
    write_lists,
    describe_submission,
    checks,
    units,
    scores,
    sweep,
    submission,
    submissions,
    report,


rule all:
    """Everything: the corpus checked, units, scores, the submission and the report."""
    default_target: True
    input:
        rules.checks.input,
        rules.submission.input,
        rules.scores.input,
        rules.report.input,
