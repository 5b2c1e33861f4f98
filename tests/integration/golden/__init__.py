"""The plans' golden tests as data: reports in, states out, worked out by hand; one file for each plan."""
