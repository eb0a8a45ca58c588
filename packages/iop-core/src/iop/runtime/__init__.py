"""Import paths of earlier versions for what is in the package ``iop-director`` now."""
