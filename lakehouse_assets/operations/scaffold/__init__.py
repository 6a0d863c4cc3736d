"""Write the files of a working model, rule, dataset or pipeline: what `lakehouse new` does."""
