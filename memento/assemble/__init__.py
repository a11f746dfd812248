"""Config -> what runs: the only place that names concrete classes. Everything else takes what it is handed.

    ambience   time and chance
    models     the language models, their prices and budgets
    routers    embedder and router
    tools      what the agent may use
    agents     what acts and what judges
    gates      journal, sandbox and gate
    loops      the learner
    learning   a stream of tasks that can be taken up again
    reviews    what people decide with: rollback, import, review, GitHub, pages
    bench      a library under one configuration, to be measured
    evals      a whole evaluation, here or on many machines
    demo       a new library and a simulated model

Imports stand inside the functions, so that a command loads what it uses and nothing more.
"""
