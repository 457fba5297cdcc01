"""What should scale the cluster, at which threshold? Days of traffic against the formulas of HPA and KEDA."""
