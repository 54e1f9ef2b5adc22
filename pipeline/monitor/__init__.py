"""Live quality without labels: what a server records of its answers, looks at again later, and reports."""
