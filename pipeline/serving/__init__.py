"""``mathocr serve``: the HTTP service around the pipeline; LitServe runs the workers, FastAPI speaks HTTP."""
