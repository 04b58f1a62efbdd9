"""The certificate of a completed handover: one signed manifest for machines, one page after another for people."""
