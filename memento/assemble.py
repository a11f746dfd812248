"""Config -> Loop: the only place that names concrete classes. Everything else takes what it is handed.

Imports stand inside the functions, so that a command loads what it uses and nothing more.
"""

import os
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache, partial
from itertools import count
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from memento.errors import ConfigError, ModelError

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

    from memento.act.executor import ReactExecutor
    from memento.changes import GateStep
    from memento.config import Config
    from memento.evals.demo import Demo
    from memento.gate.behaviour import Solver
    from memento.gate.gate import TestGate
    from memento.journal import Journal
    from memento.library import Library
    from memento.library.snapshot import CommitSnapshot
    from memento.llm.budget import Budget, Metered
    from memento.loop import Event, Loop
    from memento.protocols import Embedder, Hear, Model, Sandbox
    from memento.reflect.judge import Judging
    from memento.repair import Repair, Settings
    from memento.review.github.publishing import Connection, Publisher
    from memento.review.github.syncing import Sync
    from memento.review.importing import Importer
    from memento.review.pages.serving import Server
    from memento.review.pages.site import Site
    from memento.review.policy import ReviewPolicy
    from memento.review.probation import WaldProbation
    from memento.review.reviewing import Review
    from memento.review.rollback import Rollback
    from memento.route.router import TantivyRouter

NO_MODEL = """no model is set, and Memento never answers a task with a simulated one. Ways forward:
  a hosted model     export OPENAI_API_KEY=...  and give --model NAME
  a local endpoint   give --base-url http://127.0.0.1:11434/v1 --model NAME
                     (Ollama 11434, LM Studio 1234, llama.cpp 8080, vLLM 8000)
  just to watch      memento demo"""

OPENAI_URL = "https://api.openai.com/v1"


@dataclass(frozen=True, kw_only=True)
class Ambience:
    """Time and chance, handed in: a demo that is to be repeated brings its own."""

    now: Callable[[], float] = time.time
    clock: Callable[[], float] = time.monotonic
    new_id: Callable[[], str] = lambda: secrets.token_hex(5)
    chance: Callable[[], float] = Random().random  # noqa: S311 (which cached verdicts to check)
    """In [0, 1): how often the gate checks what it remembers."""
    state: Path | None = None
    """The user's own state folder; None remembers nothing of endpoints."""


def journal_of(library: "Library") -> "Journal":
    from memento.journal import Journal

    return Journal(path=library.state / "journal.db")


def mended_journal_of(library: "Library") -> "Journal":
    """The journal of a library that is about to be written, mended first where a process died at it."""
    from memento.library.reconcile import reconcile

    journal = journal_of(library)
    library.recover()
    reconcile(library, journal)
    return journal


def sandbox_of(config: "Config", environ: Mapping[str, str]) -> "Sandbox":
    """The chosen sandbox, proven by trying to break out of it. Raises SandboxError."""
    from memento.sandbox.select import choose

    return choose(config.sandbox.kind, environ, image=config.sandbox.image)


def lazy_sandbox_of(config: "Config", environ: Mapping[str, str]) -> "Sandbox":
    """The same, chosen and proven when something is first to be run."""
    from memento.gate.lazy import LazySandbox

    return LazySandbox(name=config.sandbox.kind, choose=lambda: sandbox_of(config, environ))


def model_of(config: "Config", ambience: Ambience, hear: "Hear | None" = None) -> "Model":
    """The model behind the configured endpoint; ModelError with the ways forward when there is none.

    `hear` is told its replies piece by piece.
    """
    from memento.llm.capabilities import UNKNOWN, Memory
    from memento.llm.client import OpenAIModel
    from memento.llm.prices import price_of

    settings = config.model
    key = settings.api_key.get_secret_value() if settings.api_key else ""
    if not settings.name or not (settings.base_url or key):
        raise ModelError(no_model(config, ambience), kind="auth")
    url = settings.base_url or OPENAI_URL
    memory = Memory(folder=ambience.state / "endpoints") if ambience.state else None
    model = OpenAIModel(
        model=settings.name,
        base_url=url,
        api_key=key,
        clock=ambience.clock,
        sleep=time.sleep,
        temperature=settings.temperature,
        seed=settings.seed,
        timeout_s=settings.timeout_s,
        price=price_of(settings.name, url),
        hear=hear,
        known=memory.recall(url, settings.name) if memory else UNKNOWN,
    )
    if not config.telemetry.spans:
        return model
    from memento.llm.spans import Traced

    tracer = _spans().get_tracer("memento")
    return Traced(model=model, base_url=url, tracer=tracer, content=config.telemetry.content)


@cache
def _spans() -> "TracerProvider":
    from memento.llm.spans import exporter

    return exporter()


def no_model(config: "Config", ambience: Ambience) -> str:
    """The ways to a model, with the servers that answer on this machine."""
    from memento.llm.local import look

    found = look(config.model.local_ports, clock=ambience.clock)
    lines = [
        f"  --base-url {server.base_url} --model {server.models[0] if server.models else 'NAME'}"
        f"   (usually {server.usual})"
        for server in found
    ]
    if not lines:
        return NO_MODEL
    return "\n".join([NO_MODEL, "found on this machine, and used only when you name them:", *lines])


def metered_of(config: "Config", model: "Model", journal: "Journal", ambience: Ambience) -> "Metered":
    """The model under the budget of one run of a command, its calls recorded in the journal."""
    from memento.llm.budget import Metered

    return Metered(
        model, budget_of(config), clock=ambience.clock, now=ambience.now, record=journal.record_call
    )


def budget_of(config: "Config") -> "Budget":
    from memento.llm.budget import Budget

    limits = config.budget
    return Budget(tokens=limits.tokens, seconds=limits.seconds, usd=limits.usd)


def judge_model_of(config: "Config", acting: "Model", ambience: Ambience) -> "Model":
    """The model that judges: the one that acts, unless [judge] names another."""
    if config.judge.model is None and config.judge.base_url is None:
        return acting
    from pydantic import SecretStr

    own = config.judge.base_url in (None, config.model.base_url or OPENAI_URL)
    # The key belongs to the model's endpoint; another one is not sent it.
    changed = {
        "name": config.judge.model or config.model.name,
        "base_url": config.judge.base_url or config.model.base_url,
        "api_key": config.model.api_key if own else SecretStr(""),
    }
    settings = config.model.model_copy(update=changed)
    return model_of(config.model_copy(update={"model": settings}), ambience)


def embedder_of(config: "Config") -> "Embedder | None":
    """The configured embedder, None for words alone. Raises ConfigError."""
    settings = config.route
    if settings.embedder == "words":
        return None
    if settings.embedder == "shipped":
        from memento.route.minilm import MiniLM

        return MiniLM()
    if not settings.model:
        raise ConfigError(
            f'[route] embedder = "{settings.embedder}" needs the name of a model: [route] model'
        )
    if settings.embedder == "fastembed":
        from memento.route.local import FastEmbedder

        return FastEmbedder(model=settings.model)
    from memento.llm.embeddings import EndpointEmbedder

    key = config.model.api_key.get_secret_value() if config.model.api_key else ""
    url = settings.base_url or config.model.base_url or OPENAI_URL
    # The key belongs to the model's endpoint; another one is not sent it.
    own = url == (config.model.base_url or OPENAI_URL)
    return EndpointEmbedder(model=settings.model, base_url=url, api_key=key if own else "", sleep=time.sleep)


def router_of(
    config: "Config",
    journal: "Journal",
    root: "Path | None" = None,
    *,
    at: "CommitSnapshot | None" = None,
    model: "Model | None" = None,
    chance: "Callable[[], float] | None" = None,
) -> "TantivyRouter":
    """The router over a library's journal, with the trained weights of the commit `at`, else of `root`.

    With a `model` it is asked about near ties, with `chance` they are explored; where the settings say so.
    """
    from memento.route import weights
    from memento.route.confidence import FUSED_THRESHOLD
    from memento.route.history import JournalHistory
    from memento.route.rerank import LLMReranker
    from memento.route.router import THRESHOLD, TantivyRouter

    embedder = embedder_of(config)
    usual = FUSED_THRESHOLD if embedder else THRESHOLD
    return TantivyRouter(
        threshold=usual if config.route.threshold is None else config.route.threshold,
        utility=lambda skill: journal.utility(skill.name, skill.tree),
        embedder=embedder,
        history=JournalHistory(journal=journal),
        weights=weights.fitting(_trained(at, root), embedder.name if embedder else None),
        folder=journal.path.parent / "route",
        reranker=LLMReranker(model=model) if model and config.route.rerank else None,
        chance=chance if config.route.explore and config.model.seed is None else None,
    )


def _trained(at: "CommitSnapshot | None", root: "Path | None") -> str | None:
    """The text of route.json, where there is one."""
    from memento.route.weights import FILE

    if at is not None:
        found = at.files([FILE]).get(FILE)
        return found.decode("utf-8", "replace") if found else None
    path = root / FILE if root else None
    return path.read_text("utf-8") if path and path.is_file() else None


def gate_of(
    sandbox: "Sandbox",
    journal: "Journal",
    ambience: Ambience,
    *,
    config: "Config",
    environ: Mapping[str, str],
    use_cache: bool = True,
    workers: int = 2,
    tell: "Callable[[GateStep], None] | None" = None,
) -> "TestGate":
    from memento.gate.gate import TestGate
    from memento.gate.harness import Harness
    from memento.gate.routes import Routes
    from memento.gate.scanner import Scanner
    from memento.protocols import Snapshot

    threshold, command = config.route.threshold, config.gate.scanner

    def route(text: str, snapshot: Snapshot) -> str | None:
        return router().route(text, snapshot).skill

    @cache
    def router() -> "TantivyRouter":
        # Without history: what lands must not depend on who was lucky so far.
        from memento.route.router import THRESHOLD, TantivyRouter

        return TantivyRouter(threshold=THRESHOLD if threshold is None else threshold)

    harness = Harness(
        sandbox=sandbox,
        journal=journal,
        new_word=lambda: secrets.token_hex(16),
        use_cache=use_cache,
        workers=workers,
        chance=ambience.chance,
    )
    gate = TestGate(
        harness=harness,
        clock=ambience.clock,
        timeout_s=config.gate.timeout_s,
        solver=_solver_of(sandbox, ambience, config) if config.gate.behaviour else None,
        routes=Routes(router=route),
        scanner=Scanner(command=command, path=environ.get("PATH", os.defpath)) if command else None,
    )
    return replace(gate, tell=tell) if tell else gate


def _solver_of(sandbox: "Sandbox", ambience: Ambience, config: "Config") -> "Solver":
    """The agent that tries behaviour cases for the gate. Raises ModelError when no model is set."""
    from memento.gate.cases import Case
    from memento.llm.budget import Budget, Metered
    from memento.protocols import Observation, Snapshot
    from memento.types import Gold, Result, Task

    budget = Budget(usd=config.budget.usd)
    model = Metered(model_of(config, ambience), budget, clock=ambience.clock)
    executor = executor_of(config, model, sandbox, ambience)
    # No web: what an answer depends on must be the same for the candidate and for its parent.
    tools = [tool for tool in executor.tools if not tool.spec.name.startswith("web")]
    execute, judge = replace(executor, tools=tools), judging_of(model, sandbox)

    @dataclass(frozen=True)
    class Agent:
        model: str

        def __call__(self, case: Case, skill: str, library: Snapshot) -> bool | None:
            task = Task(id=case.test, text=case.task)
            x = Observation(task=task, tips="", library=library)
            verdict = judge(task, execute(x, library.skill(skill)), Gold(answer=case.answer))
            return None if verdict.result is Result.UNJUDGED else verdict.result is Result.PASSED

    return Agent(model.name)


def policy_of(library: "Library", ambience: Ambience) -> "ReviewPolicy":
    """What the library's people leave to the agent."""
    from memento.review.policy import ReviewPolicy

    return ReviewPolicy(library=library, now=ambience.now)


def executor_of(config: "Config", model: "Model", sandbox: "Sandbox", ambience: Ambience) -> "ReactExecutor":
    from memento.act.conversation import Settings
    from memento.act.executor import ReactExecutor
    from memento.assemble_tools import connect_of, rank_of, tools_of

    return ReactExecutor(
        model=model,
        sandbox=sandbox,
        tools=tools_of(config, ambience.clock),
        connect=connect_of(config),
        rank=rank_of(lambda: embedder_of(config)),
        clock=ambience.clock,
        settings=Settings(most_steps=config.budget.steps, most_tools=config.mcp.offered),
    )


def judging_of(model: "Model", sandbox: "Sandbox") -> "Judging":
    from memento.reflect.judge import Judging
    from memento.reflect.program import Programs

    return Judging(model=model, run=Programs(sandbox=sandbox))


def loop_of(
    *,
    config: "Config",
    environ: Mapping[str, str],
    library: "Library",
    model: "Model",
    sandbox: "Sandbox",
    ambience: Ambience,
    tell: "Callable[[Event], None]",
) -> "Loop":
    """One learner over one library. A model that is on a meter already stays on it."""
    from memento.llm.budget import Metered
    from memento.loop import Loop
    from memento.reflect.attribution import LLMAttributor
    from memento.reflect.memory import LearnedTips
    from memento.reflect.tips import LLMTipWriter
    from memento.repair import Settings

    journal = mended_journal_of(library)
    if config.review.where == "github":
        tell = announcing(tell, library, environ, ambience)
    metered = model if isinstance(model, Metered) else Metered(model, budget_of(config), clock=ambience.clock)
    judge = judge_model_of(config, model, ambience)
    judging = metered if judge is model else metered.also(judge)
    gate = gate_of(sandbox, journal, ambience, config=config, environ=environ)
    settings = Settings(**config.loop.model_dump())
    return Loop(
        library=library,
        journal=journal,
        router=router_of(config, journal, library.root, model=metered, chance=ambience.chance),
        executor=replace(executor_of(config, metered, sandbox, ambience), on_step=tell),
        judge=judging_of(judging, sandbox),
        attributor=LLMAttributor(model=metered),
        tips=LearnedTips(library=library, writer=LLMTipWriter(model=metered), model=metered),
        repair=repair_of(library, journal, metered, gate, settings, ambience, tell),
        probation=probation_of(library, journal, gate),
        model=model.name,
        settings=settings,
        now=ambience.now,
        new_id=ambience.new_id,
        tell=tell,
    )


def answering(loop: "Loop") -> "Loop":
    """The same loop, that answers and changes nothing but the journal: nobody judges."""
    from memento.types import Gold, Result, Task, Trajectory, Verdict

    def nobody(task: Task, trajectory: Trajectory, gold: Gold | None) -> Verdict:
        del task, trajectory, gold
        return Verdict(result=Result.UNJUDGED, rationale="Nobody was asked to judge.", by="nobody")

    return replace(loop, judge=nobody, settings=replace(loop.settings, learn=False, rounds=0))


def repair_of(
    library: "Library",
    journal: "Journal",
    model: "Model",
    gate: "TestGate",
    settings: "Settings",
    ambience: Ambience,
    tell: "Callable[[Event], None]",
) -> "Repair":
    from memento.repair import Repair
    from memento.write.charter import LLMCharterer
    from memento.write.exam import LLMExamAuthor
    from memento.write.rewriter import LLMRewriter

    return Repair(
        library=library,
        journal=journal,
        charterer=LLMCharterer(model=model),
        exam_author=LLMExamAuthor(model=model),
        rewriter=LLMRewriter(model=model, most_hunks=settings.most_hunks),
        gate=gate,
        policy=policy_of(library, ambience),
        model=model.name,
        settings=settings,
        tell=tell,
    )


def probation_of(library: "Library", journal: "Journal", gate: "TestGate") -> "WaldProbation":
    from memento.changes import Landing
    from memento.repair import evidence_of
    from memento.review.probation import WaldProbation
    from memento.review.rollback import Rollback

    def take_back(skill: str, by: str, episode: str) -> Landing:
        rollback = Rollback(
            library=library,
            journal=journal,
            harness=gate.harness,
            gate=gate,
            evidence=evidence_of,
            by=by,
            episode=episode,
        )
        return rollback(skill)

    return WaldProbation(library=library, journal=journal, take_back=take_back)


def rollback_of(
    library: "Library",
    sandbox: "Sandbox",
    ambience: Ambience,
    *,
    config: "Config",
    environ: Mapping[str, str],
) -> "Rollback":
    from memento.library.person import person
    from memento.repair import evidence_of
    from memento.review.rollback import Rollback

    journal, by = mended_journal_of(library), person(library.git.git_dir, environ)
    gate = gate_of(sandbox, journal, ambience, config=config, environ=environ)
    return Rollback(
        library=library, journal=journal, harness=gate.harness, gate=gate, evidence=evidence_of, by=by
    )


def importer_of(
    library: "Library",
    sandbox: "Sandbox",
    ambience: Ambience,
    *,
    config: "Config",
    environ: Mapping[str, str],
) -> "Importer":
    from memento.library.person import person
    from memento.repair import evidence_of
    from memento.review.importing import Importer

    journal, by = mended_journal_of(library), person(library.git.git_dir, environ)
    gate = gate_of(sandbox, journal, ambience, config=config, environ=environ)
    return Importer(library=library, journal=journal, gate=gate, evidence=evidence_of, by=by)


def review_of(
    library: "Library",
    sandbox: "Sandbox",
    ambience: Ambience,
    *,
    config: "Config",
    environ: Mapping[str, str],
    tell: "Callable[[GateStep], None] | None" = None,
) -> "Review":
    """The hands of the person whose git settings `environ` leads to; `tell` hears the gate's steps."""
    from memento.library.person import person
    from memento.repair import evidence_of
    from memento.review.reviewing import Review

    journal = mended_journal_of(library)
    return Review(
        library=library,
        journal=journal,
        gate=gate_of(sandbox, journal, ambience, config=config, environ=environ, tell=tell),
        policy=policy_of(library, ambience),
        evidence=evidence_of,
        by=person(library.git.git_dir, environ),
        now=ambience.now,
    )


def connection_of(library: "Library", environ: Mapping[str, str], ambience: Ambience) -> "Connection":
    """The library's ways to GitHub. Raises GitHubError without a remote there, or without a token."""
    from memento.review.github.connecting import ask_gh, connect

    return connect(library, environ, gh=ask_gh, now=ambience.now, sleep=time.sleep)


def publisher_of(library: "Library", environ: Mapping[str, str], ambience: Ambience) -> "Publisher":
    """Makes pull requests of proposals. Raises GitHubError."""
    from memento.review.github.publishing import Publisher

    return Publisher(
        library=library,
        journal=journal_of(library),
        policy=policy_of(library, ambience),
        connection=connection_of(library, environ, ambience),
    )


def sync_of(
    library: "Library",
    sandbox: "Sandbox",
    ambience: Ambience,
    *,
    config: "Config",
    environ: Mapping[str, str],
) -> "Sync":
    """Learns what happened on GitHub. Raises GitHubError."""
    from memento.review.github.round import Round
    from memento.review.github.syncing import Sync
    from memento.write.rewriter import LLMRewriter

    review = review_of(library, sandbox, ambience, config=config, environ=environ)
    publisher, journal, another = publisher_of(library, environ, ambience), review.journal, None
    if config.model.name and (config.model.base_url or config.model.api_key):
        model = metered_of(config, model_of(config, ambience), journal, ambience)
        rewriter = LLMRewriter(model=model, most_hunks=config.loop.most_hunks)
        another = Round(
            library=library, journal=journal, rewriter=rewriter, gate=review.gate, model=model.name
        )
    return Sync(
        library=library,
        journal=journal,
        connection=publisher.connection,
        review=review,
        publish=publisher,
        round=another,
    )


def announcing(
    tell: "Callable[[Event], None]", library: "Library", environ: Mapping[str, str], ambience: Ambience
) -> "Callable[[Event], None]":
    """Tells the same, and makes a pull request of each proposal that stays open. GitHub never ends a run."""
    from memento.changes import Announced, Disposition, Landing
    from memento.errors import GitHubError, LibraryError, UsageError

    def told(event: "Event") -> None:
        tell(event)
        if isinstance(event, Landing) and event.disposition is Disposition.OPEN:
            url = trouble = ""
            try:
                url = publisher_of(library, environ, ambience)(event.proposal.id).url
            except (GitHubError, LibraryError, UsageError) as error:
                trouble = str(error)
            tell(Announced(proposal=event.proposal, url=url, trouble=trouble))

    return told


def site_of(library: "Library", journal: "Journal", ambience: Ambience, *, live: bool) -> "Site":
    """Every page of the library as it is now; `live` ones are a server's."""
    from memento.review.pages.past import Past
    from memento.review.pages.render import Renderer
    from memento.review.pages.site import Site

    policy = policy_of(library, ambience)
    past = Past(library=library, journal=journal, policy=policy, tip=library.tip(), when=ambience.now())
    return Site(past=past, render=Renderer(live=live))


def server_of(
    library: "Library",
    sandbox: "Sandbox",
    ambience: Ambience,
    *,
    config: "Config",
    environ: Mapping[str, str],
    port: int,
) -> "Server":
    """The pages on 127.0.0.1, with the hands of the person whose git settings `environ` leads to."""
    from memento.review.pages.guard import Guard
    from memento.review.pages.live import Live
    from memento.review.pages.present import Present
    from memento.review.pages.render import Renderer
    from memento.review.pages.serving import Server

    journal = mended_journal_of(library)
    secret = partial(secrets.token_urlsafe, 24)

    def hands(tell: "Callable[[GateStep], None]") -> "Review":
        return review_of(library, sandbox, ambience, config=config, environ=environ, tell=tell)

    return Server(
        port,
        lambda port: Guard(
            port=port, word=secrets.token_hex(6), token=secret(), session=secret(), csrf=secret()
        ),
        lambda guard: Live(
            now=Present(library=library, make=partial(site_of, library, journal, ambience, live=True)),
            hands=hands,
            csrf=guard.csrf,
        ),
        Renderer(live=True).policy,
    )


DEMO_SETTINGS = """\
# The demo shows changes that land by themselves. A library of your own asks you first where people
# wrote the skill: that is the default, people = "review".

[review]
people = "auto"
"""


def repeatable(seed: int) -> Ambience:
    """Time and chance of a demo: the same seed gives the same commits, to the last digit."""
    seconds = count(1_767_225_600)  # 2026-01-01, a second a look
    chance = Random(f"ids {seed}")  # noqa: S311 (names of branches, not secrets)
    return Ambience(
        now=lambda: float(next(seconds)), new_id=lambda: f"{chance.getrandbits(40):010x}", chance=lambda: 1.0
    )


def demo(
    *,
    seed: int,
    tasks: int | None = None,
    root: Path,
    sandbox_kind: str,
    environ: Mapping[str, str],
    tell: "Callable[[Event], None]",
) -> "Demo":
    """The demo in a new library at `root`, with the simulated model. Raises SandboxError, LibraryError."""
    from memento.config import load
    from memento.evals.demo import Observer, run
    from memento.library import Library
    from memento.llm.simulated.model import SimulatedModel

    flags: dict[tuple[str, str], object] = {
        ("sandbox", "kind"): sandbox_kind,
        ("budget", "tokens"): 10**9,
        ("route", "embedder"): "words",
        ("route", "explore"): False,
    }
    config = load("", {}, flags)
    ambience = repeatable(seed)
    sandbox = sandbox_of(config, environ)
    library = Library.init(root, now=ambience.now, ids=ambience.new_id, durable=False, settings=DEMO_SETTINGS)
    observer = Observer(tell=tell, sandbox=sandbox, seed=seed, before=lambda name: library.at().folder(name))
    loop = loop_of(
        config=config,
        environ=environ,
        library=library,
        model=SimulatedModel(seed=seed),
        sandbox=sandbox,
        ambience=ambience,
        tell=observer,
    )
    return run(loop, observer, seed=seed, tasks=tasks, clock=ambience.clock)
