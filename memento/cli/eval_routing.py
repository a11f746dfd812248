"""memento eval routing: the router on a corpus with known answers."""

import os
from pathlib import Path

import click

from memento.cli.workplace import add_row, console, json_option, print_json, table


@click.command(name="routing")
@click.argument("data", type=click.Path(path_type=Path))
@click.option("--split", help="Only the queries of this split.")
@click.option(
    "--embedder",
    type=click.Choice(["shipped", "words"]),
    default="shipped",
    show_default=True,
    help="`words` is BM25 alone.",
)
@json_option
def command(data: Path, split: str | None, embedder: str, as_json: bool) -> None:
    """Say how well the router finds what is right in DATA: recall at 1, 5 and 10, MRR and nDCG.

    DATA holds corpus.jsonl (id, name, description, body; or BEIR's _id, title, text) and queries.jsonl
    (id, text, relevant: a list of ids; or relevance apart in qrels/*.tsv). No model, no library, no past.

    \b
    Examples:
      memento eval routing my-corpus
      memento eval routing my-corpus --split test --embedder words --json
    """
    from memento.assemble.bench import bare_router_of
    from memento.config import load as load_config
    from memento.evals.routing import RoutingReport, load, measure

    config = load_config("", os.environ, {("route", "embedder"): embedder})
    report = measure(load(data, split), bare_router_of(config), name=data.name)
    if as_json:
        print_json(RoutingReport, report)
        return
    shown = table("measure", "value")
    for k, value in report.recall.items():
        add_row(shown, f"recall@{k}", f"{value:.4f}")
    add_row(shown, "mrr@10", f"{report.mrr:.4f}")
    add_row(shown, "ndcg@10", f"{report.ndcg:.4f}")
    out = console()
    out.print(
        f"{report.data}: {report.requests} requests, {report.documents} documents, {report.embedder}",
        soft_wrap=True,
    )
    out.print(shown)
