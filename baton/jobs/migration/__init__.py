"""Migration: records out of one system into another, planned as segments, proved stage by stage, and reversible."""
