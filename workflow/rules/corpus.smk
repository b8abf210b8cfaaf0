"""Getting a corpus, and the manifest that everything else reads."""


rule generate_demo:
    """Generate the demo corpus: synthetic speech with known truth, in the layout of the 2019 challenge."""
    output:
        directory("<resources>/demo"),
    log:
        "<logs>/generate_demo.log",
    benchmark:
        "<benchmarks>/generate_demo.tsv"
    conda:
        "../../envs/pipeline.yaml"
    threads: 2
    resources:
        mem="2GB",
        runtime="10m",
    params:
        code=digest("unitvoice.corpora.demo"),
        seed=lookup("demo/seed", within=PLAN.config),
        size=lookup("demo/size", within=PLAN.config),
        synthesiser=lookup("demo/synthesiser", within=PLAN.config),
    shell:
        "python -m unitvoice.corpora.demo {output} --seed {params.seed} --size {params.size}"
        " --synthesiser {params.synthesiser} 2> {log}"


rule make_manifest:
    """Read a corpus into the tables that every stage speaks in, and check that they agree."""
    input:
        corpus="<resources>/demo",
    output:
        directory("<results>/{language}/manifest"),
    log:
        "<logs>/{language}/make_manifest.log",
    benchmark:
        "<benchmarks>/{language}/make_manifest.tsv"
    conda:
        "../../envs/pipeline.yaml"
    resources:
        mem="2GB",
        runtime="30m",
    params:
        code=digest("unitvoice.corpora.manifest"),
        kind=PLAN.corpus,
    shell:
        "python -m unitvoice.corpora.manifest {input.corpus} {output} --kind {params.kind}"
        " --language {wildcards.language} 2> {log}"
