"""Why each missing invoice is missing, how good the evidence is, and what the books say of it."""
