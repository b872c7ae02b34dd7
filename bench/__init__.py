"""What the house takes for work of real size. Figures are printed, ratios first; no run fails by its time."""
