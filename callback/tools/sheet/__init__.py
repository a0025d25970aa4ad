"""The page that is handed to a bank's integration engineer.

Nothing of it is written by hand twice: the requests are those of the suite's simulators, the
answers are the program's own (`examples`), the sentences are tables: what every page says in
`texts`, what one dialect says in the SHEET of a module of the dialect's name (`sheets` finds it).

No import here: a dialect may be called as a library is.
"""
