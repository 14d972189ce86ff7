"""The pigeon superstition (Senocak et al., section 4) in a small world of our own."""
