"""Offboarding: a leaver's handover as a live list, passed on item by item, and finished when it is finished."""
