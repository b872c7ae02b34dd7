"""What changes here, one module per subject. Everything runs in the acting agency and lands in its ledger."""
