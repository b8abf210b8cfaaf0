"""Scores: what can be measured without listeners."""


rule score_units:
    """ABX and bitrate of the code vectors, and of what they were before quantisation."""
    input:
        manifest="<results>/{language}/manifest",
        units="<results>/{language}/{system}/{run}/units",
    output:
        directory("<results>/{language}/{system}/{run}/abx"),
    log:
        "<logs>/{language}/{system}/{run}/score_units.log",
    benchmark:
        "<benchmarks>/{language}/{system}/{run}/score_units.tsv"
    group:
        "units"
    conda:
        "../../envs/pipeline.yaml"
    resources:
        mem=grown("4GB"),
        runtime=grown("2h"),
    params:
        code=digest("unitvoice.evaluation.representations"),
        distances=lookup("evaluation/distances", within=PLAN.config),
    shell:
        "python -m unitvoice.evaluation.representations {input.manifest} {output}"
        " --frames vectors {input.units}/vectors --frames continuous {input.units}/continuous"
        " --distances {params.distances} --jobs {threads} 2> {log}"


use rule score_units as score_joined with:
    input:
        manifest="<results>/{language}/manifest",
        units="<results>/{language}/{joined}/seed-{seed}/units",
    output:
        directory("<results>/{language}/{joined}/seed-{seed}/abx"),
    log:
        "<logs>/{language}/{joined}/seed-{seed}/score_joined.log",
    benchmark:
        "<benchmarks>/{language}/{joined}/seed-{seed}/score_joined.tsv"


rule score_baseline:
    """The same scores for plain features."""
    input:
        manifest="<results>/{language}/manifest",
        frames="<results>/{language}/features/{kind}",
    output:
        directory("<results>/{language}/baselines/{kind}"),
    log:
        "<logs>/{language}/score_baseline/{kind}.log",
    benchmark:
        "<benchmarks>/{language}/score_baseline/{kind}.tsv"
    group:
        "features"
    conda:
        "../../envs/pipeline.yaml"
    resources:
        mem=grown("4GB"),
        runtime=grown("2h"),
    params:
        code=digest("unitvoice.evaluation.representations"),
        distances=lookup("evaluation/distances", within=PLAN.config),
    shell:
        "python -m unitvoice.evaluation.representations {input.manifest} {output}"
        " --frames {wildcards.kind} {input.frames} --distances {params.distances} --jobs {threads} 2> {log}"


rule judge_speakers:
    """How near the conversions are to their target voices, by a pretrained speaker embedding."""
    input:
        manifest="<results>/{language}/manifest",
        converted="<results>/{language}/{system}/{run}/converted",
        resynthesised="<results>/{language}/{system}/{run}/resynthesised",
    output:
        "<results>/{language}/{system}/{run}/speakers.json",
    log:
        "<logs>/{language}/{system}/{run}/judge_speakers.log",
    benchmark:
        "<benchmarks>/{language}/{system}/{run}/judge_speakers.tsv"
    group:
        "speakers"
    conda:
        "../../envs/pipeline.yaml"
    resources:
        mem=grown("4GB"),
        runtime=grown("1h"),
    params:
        code=digest("unitvoice.evaluation.listening.speaker"),
        encoder=PLAN.config["evaluation"]["voices"],
    shell:
        "python -m unitvoice.evaluation.listening.speaker {input.manifest} {input.converted} {output}"
        " --own-voice {input.resynthesised} --encoder {params.encoder:q} 2> {log}"


rule check_judges:
    """Whether automatic judges hear what is done to the corpus's own recordings; those that do not are not used."""
    input:
        manifest="<results>/{language}/manifest",
    output:
        "<results>/{language}/judges.json",
    log:
        "<logs>/{language}/check_judges.log",
    benchmark:
        "<benchmarks>/{language}/check_judges.tsv"
    conda:
        "../../envs/pipeline.yaml"
    resources:
        mem=grown("4GB"),
        runtime=grown("1h"),
    params:
        code=digest("unitvoice.evaluation.listening.sanity"),
        judges=shlex.join(PLAN.config["evaluation"]["judges"]),
        transcripts=of_language("transcripts", "--transcripts"),
    shell:
        "python -m unitvoice.evaluation.listening.sanity {input.manifest} {output} --judges {params.judges}"
        " {params.transcripts} 2> {log}"


rule judge_listening:
    """What automatic judges say of the conversions; each is named with its version and the hash of its weights."""
    input:
        manifest="<results>/{language}/manifest",
        converted="<results>/{language}/{system}/{run}/converted",
        checked="<results>/{language}/judges.json",
    output:
        "<results>/{language}/{system}/{run}/listening.json",
    log:
        "<logs>/{language}/{system}/{run}/judge_listening.log",
    benchmark:
        "<benchmarks>/{language}/{system}/{run}/judge_listening.tsv"
    conda:
        "../../envs/pipeline.yaml"
    resources:
        mem=grown("4GB"),
        runtime=grown("4h"),
    params:
        code=digest("unitvoice.evaluation.listening.trials"),
        transcripts=of_language("transcripts", "--transcripts"),
        references=of_language("references", "--references"),
    shell:
        "python -m unitvoice.evaluation.listening.trials {input.manifest} {input.converted} {input.checked} {output}"
        " {params.transcripts} {params.references} 2> {log}"


rule count_units:
    """Statistics of the units: agreement with phones, boundaries, runs, what they tell of the speaker, and maps."""
    input:
        manifest="<results>/{language}/manifest",
        units="<results>/{language}/{system}/{run}/units",
    output:
        directory("<results>/{language}/{system}/{run}/statistics"),
    log:
        "<logs>/{language}/{system}/{run}/count_units.log",
    benchmark:
        "<benchmarks>/{language}/{system}/{run}/count_units.tsv"
    group:
        "units"
    conda:
        "../../envs/pipeline.yaml"
    resources:
        mem=grown("4GB"),
        runtime=grown("1h"),
    params:
        code=digest("unitvoice.evaluation.unit_statistics"),
        maps=lookup("evaluation/maps", within=PLAN.config),
    shell:
        "python -m unitvoice.evaluation.unit_statistics {input.manifest} {input.units} {output} --maps {params.maps}"
        " 2> {log}"


rule sweep_penalties:
    """ABX over bitrate of one model, its units in segments that cost more and more."""
    input:
        model="<results>/{language}/{system}/{run}/model",
        manifest="<results>/{language}/manifest",
        units="<results>/{language}/{system}/{run}/units",
    output:
        "<results>/{language}/{system}/{run}/sweep.json",
    log:
        "<logs>/{language}/{system}/{run}/sweep_penalties.log",
    benchmark:
        "<benchmarks>/{language}/{system}/{run}/sweep_penalties.tsv"
    conda:
        "../../envs/pipeline.yaml"
    resources:
        mem=grown("4GB"),
        runtime=grown("4h"),
    params:
        code=digest("unitvoice.evaluation.sweep"),
        penalties=lookup("evaluation/penalties", within=PLAN.config),
        distance=PLAN.config["evaluation"]["distances"][0],
    shell:
        "python -m unitvoice.evaluation.sweep {input.model} {input.manifest} {input.units} {output}"
        " --penalties {params.penalties} --distance {params.distance} --jobs {threads} 2> {log}"


rule sweep:
    """The sweep of the first seed of the submitted system, in all languages."""
    input:
        collect(
            "<results>/{language}/{system}/seed-{seed}/sweep.json",
            language=PLAN.languages,
            system=PLAN.submitted.name,
            seed=PLAN.submitted.seeds[:1],
        ),


rule score_officially:
    """The scores of the organisers' own tool, where it is installed, and how far ours are from them."""
    input:
        archive="<results>/{system}/submission.zip",
        dataset=PLAN.source.folder("<resources>"),
        ours=collect("<results>/english/{{system}}/seed-{seed}/abx", seed=PLAN.submitted.seeds[0]),
    output:
        "<results>/{system}/official.json",
    log:
        "<logs>/{system}/score_officially.log",
    benchmark:
        "<benchmarks>/{system}/score_officially.tsv"
    conda:
        "../../envs/pipeline.yaml"
    threads: 2
    resources:
        mem=grown("8GB"),
        runtime=grown("4h"),
    params:
        code=digest("unitvoice.evaluation.official"),
        tool=lookup("evaluation/tool", within=PLAN.config),
        validator=PLAN.validator,
    shell:
        "python -m unitvoice.evaluation.official {input.archive} {output} --dataset {input.dataset:q}"
        " --ours {input.ours}/scores.json --representation vectors --tool {params.tool:q}"
        " --validator {params.validator:q} --jobs {threads} 2> {log}"


rule scores:
    """Scores of all languages, variants and seeds, and of what they are compared with."""
    input:
        of_variants("<results>/{language}/{system}/{run}-{seed}/abx", run=["seed", "untrained"]),
        [
            path
            for name in PLAN.joined
            for path in collect(
                "<results>/{language}/{joined}/seed-{seed}/abx",
                language=PLAN.languages,
                joined=name,
                seed=PLAN.joined_seeds(name),
            )
        ],
        collect(
            "<results>/{language}/baselines/{kind}",
            language=PLAN.languages,
            kind=lookup("evaluation/baseline", within=PLAN.config),
        ),
        of_variants("<results>/{language}/{system}/seed-{seed}/speakers.json", first=True, speaking=True),
        of_variants("<results>/{language}/{system}/seed-{seed}/listening.json", first=True, speaking=True)
        if PLAN.config["evaluation"]["judges"]
        else [],
        of_variants("<results>/{language}/{system}/seed-{seed}/statistics", first=True),
        rules.sweep.input if PLAN.config["evaluation"]["sweep"] else [],
        collect("<results>/{system}/official.json", system=PLAN.submitted.name if PLAN.officially_scored else []),
