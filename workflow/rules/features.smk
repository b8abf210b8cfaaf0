"""Frames of all kinds, packed."""


rule extract_features:
    """Compute one kind of frames for a language."""
    input:
        manifest="<results>/{language}/manifest",
    output:
        directory("<results>/{language}/features/{kind}"),
    log:
        "<logs>/{language}/extract_features/{kind}.log",
    benchmark:
        "<benchmarks>/{language}/extract_features/{kind}.tsv"
    group:
        "features"
    conda:
        "../../envs/pipeline.yaml"
    threads: 2
    resources:
        mem=grown("4GB"),
        runtime=lambda wildcards, attempt: grown("24h" if PLAN.encoder(wildcards.kind)[0] else "2h")(
            wildcards, attempt
        ),
        gpu=lambda wildcards: PLAN.placement.gpu if PLAN.encoder(wildcards.kind)[0] else 0,
    params:
        code=lambda wildcards: digest("unitvoice.features.extract", *PLAN.encoder(wildcards.kind)[0]),
        encoder=lambda wildcards: PLAN.encoder(wildcards.kind)[1],
    shell:
        "python -m unitvoice.features.extract {input.manifest} {wildcards.kind} {output} --jobs {threads}"
        " {params.encoder} $device 2> {log}"


rule f0_statistics:
    """Mean and deviation of each speaker's log-F0."""
    input:
        manifest="<results>/{language}/manifest",
        store="<results>/{language}/features/{kind}",
    output:
        "<results>/{language}/features/{kind}-statistics.json",
    log:
        "<logs>/{language}/f0_statistics/{kind}.log",
    benchmark:
        "<benchmarks>/{language}/f0_statistics/{kind}.tsv"
    wildcard_constraints:
        kind="f0|f0-[a-z]+",
    group:
        "features"
    conda:
        "../../envs/pipeline.yaml"
    resources:
        mem=grown("2GB"),
        runtime=grown("10m"),
    params:
        code=digest("unitvoice.features.f0_statistics"),
    shell:
        "python -m unitvoice.features.f0_statistics {input.manifest} {input.store} {output} 2> {log}"
