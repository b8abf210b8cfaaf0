"""The archive that the organisers' validator would accept."""


rule write_lists:
    """The lists of files that a submission on this corpus must hold, in the organisers' form."""
    input:
        manifests=collect("<results>/{language}/manifest", language=PLAN.languages),
    output:
        directory("<results>/lists"),
    log:
        "<logs>/write_lists.log",
    conda:
        "../../envs/pipeline.yaml"
    params:
        code=digest("unitvoice.submission.lists"),
        manifests=per_language("--manifest", "manifests"),
    shell:
        "python -m unitvoice.submission.lists {output} {params.manifests} 2> {log}"


rule describe_submission:
    """Metadata from the recipe and the configuration."""
    input:
        "<results>/{system}/recipe.json",
    output:
        "<results>/{system}/metadata.yaml",
    log:
        "<logs>/{system}/describe_submission.log",
    conda:
        "../../envs/pipeline.yaml"
    params:
        code=digest("unitvoice.submission.describe"),
        author=lookup("submission/author", within=PLAN.config),
        affiliation=lookup("submission/affiliation", within=PLAN.config),
        distance=PLAN.config["evaluation"]["distances"][0],
        declarations=lambda wildcards: PLAN.declarations(variant(wildcards)),
    shell:
        "python -m unitvoice.submission.describe {input} {output} --author {params.author:q}"
        " --affiliation {params.affiliation:q} --distance {params.distance} {params.declarations} 2> {log}"


rule write_submission:
    """The tree that is handed in: embeddings, converted speech, metadata and code."""
    input:
        metadata="<results>/{system}/metadata.yaml",
        manifests=collect("<results>/{language}/manifest", language=PLAN.languages),
        units=collect(
            "<results>/{language}/{{system}}/seed-{seed}/units",
            language=PLAN.languages,
            seed=lambda wildcards: variant(wildcards).seeds[0],
        ),
        wavs=collect(
            "<results>/{language}/{{system}}/seed-{seed}/converted",
            language=PLAN.languages,
            seed=lambda wildcards: variant(wildcards).seeds[0],
        ),
    output:
        directory("<results>/{system}/submission"),
    log:
        "<logs>/{system}/write_submission.log",
    benchmark:
        "<benchmarks>/{system}/write_submission.tsv"
    group:
        "submission"
    conda:
        "../../envs/pipeline.yaml"
    resources:
        mem=grown("2GB"),
        runtime=grown("1h"),
    params:
        code=digest("unitvoice.submission.layout"),
        tree=PLAN.code_digest,
        languages=per_language("--language", "manifests", "units/vectors", "wavs"),
        handed_in=PLAN.code,
    shell:
        "python -m unitvoice.submission.layout {output} --metadata {input.metadata} {params.languages}"
        " {params.handed_in} 2> {log}"


rule validate_submission:
    """Apply the official checks, and stricter ones."""
    input:
        tree="<results>/{system}/submission",
        lists="<results>/lists",
    output:
        "<results>/{system}/validation.json",
    log:
        "<logs>/{system}/validate_submission.log",
    benchmark:
        "<benchmarks>/{system}/validate_submission.tsv"
    group:
        "submission"
    conda:
        "../../envs/pipeline.yaml"
    resources:
        mem=grown("2GB"),
        runtime=grown("1h"),
    params:
        code=digest("unitvoice.submission.validation"),
    shell:
        "python -m unitvoice.submission.validation {input.tree} --lists {input.lists} --strict --output {output} > {log} 2>&1"


rule pack_submission:
    """Pack a tree that passed into an archive whose bytes depend on its content alone."""
    input:
        tree="<results>/{system}/submission",
        validation="<results>/{system}/validation.json",
    output:
        "<results>/{system}/submission.zip",
    log:
        "<logs>/{system}/pack_submission.log",
    benchmark:
        "<benchmarks>/{system}/pack_submission.tsv"
    group:
        "submission"
    conda:
        "../../envs/pipeline.yaml"
    resources:
        mem=grown("2GB"),
        runtime=grown("1h"),
    params:
        code=digest("unitvoice.submission.packaging"),
    shell:
        "python -m unitvoice.submission.packaging {input.tree} {output} --validation {input.validation} 2> {log}"


rule submission:
    """The submission archive, where the corpus has the languages of one."""
    input:
        collect("<results>/{system}/submission.zip", system=PLAN.submitted.name if PLAN.submits else []),


rule submissions:
    """An archive of every variant that speaks, not of the submitted one alone."""
    input:
        collect("<results>/{system}/submission.zip", system=PLAN.packable),
