"""From the journal to the ledger: fold records, rate them, once each."""
