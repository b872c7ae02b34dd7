"""How libraries write days and moments, like the rest of the house: ISO, in every language."""
