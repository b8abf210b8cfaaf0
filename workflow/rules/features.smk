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
    conda:
        "../../envs/pipeline.yaml"
    threads: 2
    resources:
        mem="4GB",
        runtime="2h",
    params:
        code=digest("unitvoice.features.extract"),
    shell:
        "python -m unitvoice.features.extract {input.manifest} {wildcards.kind} {output} --jobs {threads} 2> {log}"
