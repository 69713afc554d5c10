"""Examples: the rows that are kept, with everything needed to publish and to trace them."""
