"""One page that shows it all."""


rule write_report:
    """Scores, curves, units and sounds on one self-contained page; the summary as text; all figures as tables."""
    input:
        rules.scores.input,
        rules.submission.input,
    output:
        page=report("<results>/report.html", caption="../report/page.rst"),
        summary=report("<results>/summary.txt", caption="../report/summary.rst"),
        table="<results>/results.csv",
        values="<results>/results.json",
    log:
        "<logs>/write_report.log",
    benchmark:
        "<benchmarks>/write_report.tsv"
    conda:
        "../../envs/pipeline.yaml"
    resources:
        mem=grown("4GB"),
        runtime=grown("30m"),
    params:
        code=digest("unitvoice.report.page", "unitvoice.report.summary", "unitvoice.report.table"),
        results=subpath(output.page, parent=True),
        options=PLAN.report_options,
        trials=lookup("report/trials", within=PLAN.config),
    shell:
        "python -m unitvoice.report.page {output.page} {params.results} {params.options} --trials {params.trials} 2> {log}"
        " && python -m unitvoice.report.table {output.table} {output.values} {params.results} {params.options} 2>> {log}"
        " && python -m unitvoice.report.summary {params.results} {params.options} 2>> {log} | tee {output.summary} >&2"


rule report:
    """The report page."""
    input:
        "<results>/report.html",
