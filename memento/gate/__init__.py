"""The gate: a pure function of the candidate's tree, the base's tree, this package, the sandbox and Python.

    G0  shape      custody, lane, selection                       paths, modes, names, pins, versions
    G1  lint       static, polarity, scanner; memento.skill       specification, security, reach, promises
    G2  policy     policy, blindness; plan, cases                 what a test file may hold, and will report
    G3  run        trial, neighbours, damage (mutants)            red-to-green, stay-green, teeth, E2
                   harness, visit, exports, inside, reaping       in the sandbox, judged outside (reports)
                   quarantine, selfcheck                          what cannot make up its mind
    G4  catalogue  routes, view                                   who gets which request, before and after
    G5  behaviour  behaviour                                      a model, paired with the parent
    G6  landing    memento.library.queue                          the very commit that was gated

`steps` is the order, `gate` the verdict on one skill, `many` on a library with what is known of it,
`retirement` on a skill that goes; `outputs` tells other tools.
"""
