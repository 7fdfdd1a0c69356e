"""Changes to the owner's machine: with consent, a way back, and proof from outside."""
