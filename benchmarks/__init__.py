"""Speed, measured side by side with a peer or a floor in the same run.

``python -m benchmarks NAME [--rounds N]`` prints one JSON line per result. Machines are shared
and noisy: compare ratios, not times.
"""
