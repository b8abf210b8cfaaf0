"""Conversion: units of one speaker, voice of another."""


rule convert_trials:
    """Speak the units of every trial in its target voice."""
    input:
        model="<results>/{language}/{system}/{run}/model",
        manifest="<results>/{language}/manifest",
        units="<results>/{language}/{system}/{run}/units",
    output:
        directory("<results>/{language}/{system}/{run}/converted"),
    log:
        "<logs>/{language}/{system}/{run}/convert_trials.log",
    benchmark:
        "<benchmarks>/{language}/{system}/{run}/convert_trials.tsv"
    conda:
        "../../envs/pipeline.yaml"
    resources:
        mem="4GB",
        runtime="4h",
    params:
        code=digest("unitvoice.conversion.convert", PLAN.module),
        iterations=lookup("conversion/iterations", within=PLAN.config),
        trials="",
    shell:
        "python -m unitvoice.conversion.convert {input.model} {input.manifest} {input.units}/indices {output}"
        " --iterations {params.iterations} {params.trials} --threads {threads} 2> {log}"


use rule convert_trials as resynthesise_voices with:
    # recordings of the target voices spoken in their own voice: what conversion loses of a speaker by itself
    output:
        directory("<results>/{language}/{system}/{run}/resynthesised"),
    log:
        "<logs>/{language}/{system}/{run}/resynthesise_voices.log",
    benchmark:
        "<benchmarks>/{language}/{system}/{run}/resynthesise_voices.tsv"
    params:
        code=digest("unitvoice.conversion.convert", PLAN.module),
        iterations=lookup("conversion/iterations", within=PLAN.config),
        trials="--own-voice 10",
