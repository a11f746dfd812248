"""SIMULATED: a world in which every skill's true quality is known, to rank designs of the learning loop."""
