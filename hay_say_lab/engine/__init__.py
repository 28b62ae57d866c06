"""The job engine: plan, preflight, admission, lanes, workers, and the tick that ties them."""
