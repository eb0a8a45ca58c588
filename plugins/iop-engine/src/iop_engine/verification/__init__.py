"""Proving on the user's own machine that nothing is lost: children are killed, what they did is checked."""
