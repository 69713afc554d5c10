"""Teachers: which models there are (registry) and the engines that run them behind one interface."""
