"""Training; the checkpoints live outside the declared outputs, so that no rerun deletes them."""


rule resolve_recipe:
    """Lay the size and the user's overrides over the system's recipe."""
    input:
        recipe=lambda wildcards: variant(wildcards).recipe,
    output:
        "<results>/{system}/recipe.json",
    log:
        "<logs>/{system}/resolve_recipe.log",
    conda:
        "../../envs/pipeline.yaml"
    params:
        code=digest("unitvoice.systems.recipe"),
        size=lookup("size", within=PLAN.config),
        overrides=lambda wildcards: variant(wildcards).options,
    shell:
        "python -m unitvoice.systems.recipe {input.recipe:q} {output} --size {params.size}"
        " --overrides {params.overrides:q} 2> {log}"


rule train:
    """Train a system on one language; an interrupted training goes on where it was."""
    input:
        recipe="<results>/{system}/recipe.json",
        manifest="<results>/{language}/manifest",
        features=collect("<results>/{{language}}/features/{kind}", kind=lambda wildcards: variant(wildcards).features),
        checks=ancient("<results>/{language}/checks.json"),
    output:
        directory("<results>/{language}/{system}/seed-{seed}/model"),
    log:
        "<logs>/{language}/{system}/seed-{seed}/train.log",
    benchmark:
        "<benchmarks>/{language}/{system}/seed-{seed}/train.tsv"
    conda:
        "../../envs/pipeline.yaml"
    resources:
        **PLAN.placement.resources,
        mem=grown("4GB" if PLAN.config["size"] == "demo" else "16GB"),
        runtime="24h",  # the same each time, as the next job goes on from where it was
        cpus_per_task=training_cpus,
    params:
        code=lambda wildcards: digest("unitvoice.training.train", variant(wildcards).module),
        state=subpath(output[0], ancestor=1),
        launch="launch $placement",
        steps="",
    shell:
        # all of a job are sent the warning that its time is up; the shell must outlive it
        "trap : TERM; python -m unitvoice.training.{params.launch} {input.recipe} {input.manifest} {output}"
        " --features {input.features}"
        " --state {params.state}/training --seed {wildcards.seed} --code {params.code} {params.steps}"
        " --threads {threads} $device $loading 2> {log}"


use rule train as initialise with:
    # the same system untrained, its codebook placed among encoded data: what learning has to beat
    output:
        directory("<results>/{language}/{system}/untrained-{seed}/model"),
    log:
        "<logs>/{language}/{system}/untrained-{seed}/initialise.log",
    benchmark:
        "<benchmarks>/{language}/{system}/untrained-{seed}/initialise.tsv"
    group:
        "units"
    resources:
        mem=grown("4GB"),
        runtime=grown("30m"),
    params:
        code=lambda wildcards: digest("unitvoice.training.train", variant(wildcards).module),
        state=subpath(output[0], ancestor=1),
        launch="train",
        steps="--steps 0",
