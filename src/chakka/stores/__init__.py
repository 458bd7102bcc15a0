"""The only ground that both worlds stand on: plan store (LMDB), journal, ledger."""
