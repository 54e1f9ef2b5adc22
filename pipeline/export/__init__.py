"""Export of trained models to other runtimes and precisions, each checked against PyTorch."""
