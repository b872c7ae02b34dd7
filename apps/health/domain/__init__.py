"""Plain arithmetic about account health and compliance. No Django, no clock, no input or output."""
