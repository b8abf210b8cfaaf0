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
        mem=grown("2GB"),
        runtime=grown("10m"),
    params:
        code=digest("unitvoice.corpora.demo"),
        seed=lookup("demo/seed", within=PLAN.config),
        size=lookup("demo/size", within=PLAN.config),
        synthesiser=lookup("demo/synthesiser", within=PLAN.config),
        references=branch(lookup("demo/references", within=PLAN.config), then="--references", otherwise=""),
    shell:
        "python -m unitvoice.corpora.demo {output} --seed {params.seed} --size {params.size}"
        " --synthesiser {params.synthesiser} {params.references} 2> {log}"


rule fetch_archive:
    """Download a file of the corpus from the first mirror that has it; an interrupted one is continued."""
    output:
        f"<resources>/archives/{PLAN.corpus}/{{archive}}",
    log:
        "<logs>/fetch_archive/{archive}.log",
    conda:
        "../../envs/pipeline.yaml"
    params:
        folder=subpath(output[0], parent=True),
        options=lambda wildcards: PLAN.source.download_options(wildcards.archive),
    shell:
        "python -m unitvoice.corpora.download {output} --lock {params.folder}/lock.json {params.options} 2> {log}"


rule unpack_archives:
    """Unpack the archives of the corpus; the password of protected ones is in ZEROSPEECH_PASSWORD."""
    input:
        collect(f"<resources>/archives/{PLAN.corpus}/{{archive}}", archive=PLAN.source.archives),
    output:
        directory(f"<resources>/unpacked/{PLAN.corpus}"),
    log:
        "<logs>/unpack_archives.log",
    benchmark:
        "<benchmarks>/unpack_archives.tsv"
    conda:
        "../../envs/pipeline.yaml"
    shell:
        "python -m unitvoice.corpora.unpack {output} {input:q} 2> {log}"


rule make_manifest:
    """Read a corpus into the tables that every stage speaks in."""
    input:
        corpus=PLAN.source.folder("<resources>"),
        tables=PLAN.source.tables(PLAN.languages),
    output:
        directory("<results>/{language}/manifest"),
    log:
        "<logs>/{language}/make_manifest.log",
    benchmark:
        "<benchmarks>/{language}/make_manifest.tsv"
    group:
        "corpus"
    conda:
        "../../envs/pipeline.yaml"
    resources:
        mem=grown("2GB"),
        runtime=grown("30m"),
    params:
        code=digest("unitvoice.corpora.manifest"),
        kind=PLAN.source.kind,
        options=json.dumps(PLAN.source.options),
    shell:
        "python -m unitvoice.corpora.manifest {input.corpus:q} {output} --kind {params.kind}"
        " --language {wildcards.language} --options {params.options:q} 2> {log}"


rule check_corpus:
    """Look at every recording before hours go into training: errors end the run, the log names them all."""
    input:
        manifest="<results>/{language}/manifest",
    output:
        "<results>/{language}/checks.json",
    log:
        "<logs>/{language}/check_corpus.log",
    benchmark:
        "<benchmarks>/{language}/check_corpus.tsv"
    priority: 1
    group:
        "corpus"
    conda:
        "../../envs/pipeline.yaml"
    threads: 2
    resources:
        mem=grown("2GB"),
        runtime=grown("1h"),
    params:
        code=digest("unitvoice.corpora.checks"),
        options=PLAN.source.check_options,
    shell:
        "python -m unitvoice.corpora.checks {input.manifest} {output} --jobs {threads} {params.options} > {log} 2>&1"


rule checks:
    """The check of all languages."""
    input:
        collect("<results>/{language}/checks.json", language=PLAN.languages),
