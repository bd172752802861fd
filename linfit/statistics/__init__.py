"""One pass over rows to an R factor, and what it determines: the optimum, its standard errors and the curvature."""
