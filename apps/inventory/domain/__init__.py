"""Plain arithmetic about stock. No Django, no clock, no input or output."""
