"""Split rules and the ledger."""
