"""Networks as OpenVINO graphs, built from the tensors of a checkpoint without torch."""
