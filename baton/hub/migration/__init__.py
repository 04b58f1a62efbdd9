"""Migration, put together for the faces: plan, run in waves, prove, resume, roll back, look into."""
