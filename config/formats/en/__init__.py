"""How the admin writes dates in English."""
