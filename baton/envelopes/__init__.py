"""How a finished payment file is signed and encrypted for its bank, one module per format, behind one seam."""
