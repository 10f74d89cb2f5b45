"""The same plan or outcome for a terminal, a program or a notebook."""
