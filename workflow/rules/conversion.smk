"""Conversion: units of one speaker, voice of another."""


scattergather:
    conversion=lookup("conversion/shards", within=PLAN.config),


rule convert_shard:
    """Speak the units of a share of the trials in their target voices; a killed job goes on with what is missing."""
    input:
        model="<results>/{language}/{system}/{run}/model",
        manifest="<results>/{language}/manifest",
        units="<results>/{language}/{system}/{run}/units",
        frames=collect("<results>/{{language}}/features/{kind}", kind=lambda wildcards: variant(wildcards).features[0]),
        vocoder=collect("<results>/{{language}}/vocoder/seed-{seed}/model", seed=vocoder_seeds),
    output:
        temp(directory("<results>/{language}/{system}/{run}/shards/{scatteritem}")),
    log:
        "<logs>/{language}/{system}/{run}/convert_shard/{scatteritem}.log",
    benchmark:
        "<benchmarks>/{language}/{system}/{run}/convert_shard/{scatteritem}.tsv"
    conda:
        "../../envs/pipeline.yaml"
    resources:
        mem=grown("4GB"),
        runtime=grown("4h"),
        gpu=PLAN.placement.gpu,
    params:
        code=speaking_code,
        state=subpath(output[0], ancestor=2),
        options=PLAN.conversion_options,
        vocoder=lambda wildcards, input: " ".join(f"--vocoder {model}" for model in input.vocoder),
        trials=lambda wildcards: f"--shard {wildcards.scatteritem.replace('-of-', '/')}",
    shell:
        "python -m unitvoice.conversion.convert {input.model} {input.manifest} {input.units} {output}"
        " --references {input.frames} {params.options} {params.vocoder} {params.trials} --state {params.state}/converting"
        " $device --threads {threads} 2> {log}"


rule convert_trials:
    """All trials in one folder."""
    input:
        gather.conversion("<results>/{{language}}/{{system}}/{{run}}/shards/{scatteritem}"),
    output:
        directory("<results>/{language}/{system}/{run}/converted"),
    log:
        "<logs>/{language}/{system}/{run}/convert_trials.log",
    conda:
        "../../envs/pipeline.yaml"
    params:
        code=digest("unitvoice.conversion.gather"),
    shell:
        "python -m unitvoice.conversion.gather {output} {input} 2> {log}"


use rule convert_shard as resynthesise_voices with:
    # recordings of the target voices spoken in their own voice: what conversion loses of a speaker by itself
    output:
        directory("<results>/{language}/{system}/{run}/resynthesised"),
    log:
        "<logs>/{language}/{system}/{run}/resynthesise_voices.log",
    benchmark:
        "<benchmarks>/{language}/{system}/{run}/resynthesise_voices.tsv"
    group:
        "speakers"
    params:
        code=speaking_code,
        state=subpath(output[0], ancestor=1),
        options=PLAN.conversion_options,
        vocoder=lambda wildcards, input: " ".join(f"--vocoder {model}" for model in input.vocoder),
        trials="--own-voice 10",
