"""Real inputs for perf_analyzer: a file per modality with a function per model, see `registry`."""
