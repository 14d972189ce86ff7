"""The network of Senocak et al., section 3: trunks, attention, checkpoints."""
