"""One pass over rows to an R factor, and what follows from it: the optimum, its errors, the curvature."""
