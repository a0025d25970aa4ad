"""The suite that every endpoint must pass, and the callers' side of every dialect.

`suite` has the cases, a line each; `cases` what they do; `play` keeps the books on the way. A
dialect's simulator is the SIMULATOR of a module of the dialect's name; `simulators` finds it.
"""
