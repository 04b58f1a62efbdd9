"""Employee status sync: an HR feed becomes canonical people, people become intended writes per system."""
