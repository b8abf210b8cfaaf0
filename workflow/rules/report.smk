"""One page that shows it all."""


rule write_report:
    """Scores, curves, units and sounds on one self-contained page, and the summary as text."""
    input:
        rules.scores.input,
        rules.submission.input,
    output:
        page="<results>/report.html",
        summary="<results>/summary.txt",
    log:
        "<logs>/write_report.log",
    benchmark:
        "<benchmarks>/write_report.tsv"
    conda:
        "../../envs/pipeline.yaml"
    resources:
        mem="4GB",
        runtime="30m",
    params:
        code=digest("unitvoice.report.page", "unitvoice.report.summary"),
        results=subpath(output.page, parent=True),
        options=PLAN.report_options,
        trials=lookup("report/trials", within=PLAN.config),
    shell:
        "python -m unitvoice.report.page {output.page} {params.results} {params.options} --trials {params.trials} 2> {log}"
        " && python -m unitvoice.report.summary {params.results} {params.options} > {output.summary} 2>> {log}"


rule report:
    """The report page."""
    input:
        "<results>/report.html",
