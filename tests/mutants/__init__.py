"""`make mutants`: the money path with one fault at a time, each of which a test must notice."""
