"""The autoscaler on a small real cluster, beside what `perf.autoscale` simulates of it."""
