"""Units: codes, code vectors and what was quantised."""


rule encode_units:
    """Encode the voices, the development set and the test set."""
    input:
        model="<results>/{language}/{system}/{run}/model",
        manifest="<results>/{language}/manifest",
        frames=collect("<results>/{{language}}/features/{kind}", kind=lambda wildcards: variant(wildcards).features[0]),
        pitch=collect("<results>/{{language}}/features/{kind}", kind=lambda wildcards: variant(wildcards).pitch),
    output:
        directory("<results>/{language}/{system}/{run}/units"),
    log:
        "<logs>/{language}/{system}/{run}/encode_units.log",
    benchmark:
        "<benchmarks>/{language}/{system}/{run}/encode_units.tsv"
    group:
        "units"
    conda:
        "../../envs/pipeline.yaml"
    resources:
        mem=grown("4GB"),
        runtime=grown("4h"),
    params:
        code=lambda wildcards: digest("unitvoice.units.encode", variant(wildcards).module),
        pitch=lambda wildcards, input: " ".join(f"--pitch {store}" for store in input.pitch),
    shell:
        "python -m unitvoice.units.encode {input.model} {input.manifest} {input.frames} {output} {params.pitch}"
        " --subsets voice dev test --threads {threads} 2> {log}"


rule join_units:
    """Units of several systems side by side."""
    input:
        units=collect(
            "<results>/{{language}}/{part}/seed-{{seed}}/units", part=lambda wildcards: PLAN.joined[wildcards.joined]
        ),
    output:
        directory("<results>/{language}/{joined}/seed-{seed}/units"),
    log:
        "<logs>/{language}/{joined}/seed-{seed}/join_units.log",
    conda:
        "../../envs/pipeline.yaml"
    resources:
        mem=grown("4GB"),
        runtime=grown("1h"),
    params:
        code=digest("unitvoice.units.join"),
    shell:
        "python -m unitvoice.units.join {output} {input.units} 2> {log}"


rule units:
    """Units of all languages and seeds."""
    input:
        of_variants("<results>/{language}/{system}/seed-{seed}/units"),
