"""A small hospital interface: HL7 version 2 comes in over MLLP, files and a table come out."""
